"""A head of zeros: which gradient do the layers below get?"""

import torch
from torch import nn

below = {}
for name in ("zeros", "drawn"):
    torch.manual_seed(42)
    images, labels = torch.randn(64, 20), torch.arange(64) % 2
    body, head = nn.Sequential(nn.Linear(20, 30), nn.ReLU()), nn.Linear(30, 2)
    if name == "zeros":
        nn.init.zeros_(head.weight)
        nn.init.zeros_(head.bias)
    network = nn.Sequential(body, head).double()
    optimizer, lengths = torch.optim.SGD(network.parameters(), lr=0.1), []
    for step in range(2):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(images.double()), labels)
        if name == "zeros" and step == 0:
            start = loss.item()
        loss.backward()
        lengths.append(body[0].weight.grad.norm().item())
        optimizer.step()
    below[name] = lengths

share = below["zeros"][1] / below["drawn"][0]
print(f"a head of zeros: {below['zeros'][0]:.0f} in the first step")
print(f"in the second {share:.0%} of what a drawn head sends in its first")
below = below["zeros"]
assert below[0] == 0 and 0 < share < 0.5
assert abs(start - torch.tensor(2.0).log().item()) < 1e-6
