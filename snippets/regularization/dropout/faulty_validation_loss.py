"""A dropout that is tested at p = 0.5 and used at 0.2: what are the losses?"""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm


def dropout(x, p, training):
    if not training:
        return x
    return x * (torch.rand_like(x) > p) / p


def loss_of(split, training):
    x = split.images.flatten(1)
    for layer in layers:
        x = layer(dropout(x.relu(), 0.2, training))
    return cross_entropy(x, split.labels)


torch.manual_seed(42)
assert abs(dropout(torch.ones(100_000), 0.5, training=True).mean() - 1) < 0.05

data = lm.Digits()
layers = nn.ModuleList(
    [nn.Linear(64, 100), nn.Linear(100, 100), nn.Linear(100, 10)]
)
optimizer = torch.optim.Adam(layers.parameters(), lr=0.003)
for _ in range(60):
    optimizer.zero_grad()
    loss = loss_of(data.train, training=True)
    loss.backward()
    optimizer.step()

train = loss.item()
validation = loss_of(data.validation, training=False).item()
print(f"loss in training {train:.2f}, in validation {validation:.2f}")
assert validation > train + 0.3
