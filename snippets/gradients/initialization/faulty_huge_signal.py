"""How strong is a signal after ten convolutions with He's variance?"""

import torch
from torch import nn

torch.manual_seed(42)
images = torch.randn(8, 16, 12, 12)
network = nn.Sequential()
for _ in range(10):
    network.append(
        nn.Conv2d(16, 16, 3, padding=1, padding_mode="circular", bias=False)
    )
    network.append(nn.ReLU())
for layer in network.modules():
    if isinstance(layer, nn.Conv2d):
        std = (2 / layer.weight.shape[1]) ** 0.5
        nn.init.normal_(layer.weight, std=std)

strength = network(images).square().mean().sqrt().item()
print(f"root mean square after ten layers: {strength:.0e}, and 1 before them")
assert strength > 1000
