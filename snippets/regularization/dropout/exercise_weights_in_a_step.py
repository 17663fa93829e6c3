"""Dropout before and after a layer: which part of its weights learns?"""

import torch
from torch import nn

torch.manual_seed(42)
layer = nn.Linear(200, 200)
network = nn.Sequential(nn.Dropout(0.5), layer, nn.Dropout(0.5))
part = {}
for images in (1, 32):
    shares = []
    for _ in range(20):
        layer.weight.grad = None
        network(torch.ones(images, 200)).sum().backward()
        shares.append((layer.weight.grad != 0).double().mean().item())
    part[images] = sum(shares) / len(shares)
    print(f"{images} images: {part[images]:.1%} of the weights")

assert abs(part[1] - 0.25) < 0.03
assert part[32] > 0.999
