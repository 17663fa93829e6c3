"""Train with an ℓ2 penalty written by hand: how long are the layers' weights?"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data = lm.Digits().train
images, labels = data.images[:200].flatten(1), data.labels[:200]
torch.manual_seed(42)
first, second, head = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)
weights = [first.weight, second.weight, head.weight]
optimizer = torch.optim.SGD(weights, lr=0.2)
strength, length = 0.1, {}
for step in range(401):
    length[step] = [weight.norm().item() for weight in weights]
    scores = head(images + second(first(images).relu()))
    penalty = sum(weight.norm() for weight in weights)
    loss = cross_entropy(scores, labels) + strength * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

start, end = length[0], length[400]
for name, old, new in zip(["first", "second", "head"], start, end, strict=True):
    print(f"{name}: {old:.1f} before, {new:.1f} after")
assert max(end[:2]) < 0.5 and end[2] > start[2]
