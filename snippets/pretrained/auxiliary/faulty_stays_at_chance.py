"""Learn in which of four positions an image is: where does the loss go?"""

import torch
from torch import nn

import lightning_modules as lm

digits = lm.Digits().train.images
torch.manual_seed(42)
network = nn.Sequential(
    nn.Flatten(), nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 4)
)
optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
losses = []
for _ in range(300):
    images = digits[torch.randint(len(digits), (32,))]
    turned = torch.cat([images.rot90(k, (-2, -1)) for k in range(4)])
    labels = torch.arange(4).repeat(len(images))
    loss = nn.functional.cross_entropy(network(turned), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

first, last = sum(losses[:100]) / 100, sum(losses[-100:]) / 100
print(f"mean loss of 100 steps: the first {first:.2f}, the last {last:.2f}")
assert last > 1.3
