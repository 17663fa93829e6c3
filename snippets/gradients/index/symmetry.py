"""Do units that start with equal weights ever become different?"""

import torch
from torch import nn

torch.manual_seed(42)
inputs, targets = torch.randn(256, 8), torch.randn(256, 1)
different = {}
for name in ("equal", "random"):
    network = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    if name == "equal":
        for layer in (network[0], network[2]):
            nn.init.constant_(layer.weight, 0.1)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        nn.functional.mse_loss(network(inputs), targets).backward()
        optimizer.step()
    different[name] = len(
        network[0].weight.detach().round(decimals=4).unique(dim=0)
    )
    print(f"{name} weights: {different[name]} different units in the end")

assert different["equal"] == 1
assert different["random"] == 16
