"""Do four batches of 8 add up to the gradient of a batch of 32?"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

torch.manual_seed(42)
network = nn.Sequential(
    nn.Linear(20, 30), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 4)
)
images, labels = torch.randn(32, 20), torch.arange(32) % 4

cross_entropy(network(images), labels).backward()
whole = network[0].weight.grad.clone()
network.zero_grad()
for eight, right in zip(images.chunk(4), labels.chunk(4), strict=True):
    (cross_entropy(network(eight), right) / 4).backward()

apart = ((network[0].weight.grad - whole).norm() / whole.norm()).item()
print(f"first layer: {apart:.0%} of its gradient's length apart")
assert apart > 0.1
