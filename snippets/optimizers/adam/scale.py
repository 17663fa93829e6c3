"""The loss is multiplied by 1,000. Who notices?"""

from itertools import islice

import torch
from torch import nn

import lightning_modules as lm

batches = list(islice(lm.Digits(batch_size=64).train_dataloader(), 20))


def train(optimizer_class, scale, rate):
    torch.manual_seed(42)
    network = lm.MLP([64, 50, 10]).double()
    lm.initialize(network)
    optimizer = optimizer_class(network.parameters(), lr=rate)
    for images, labels in batches:
        loss = nn.functional.cross_entropy(network(images.double()), labels)
        optimizer.zero_grad()
        (scale * loss).backward()
        optimizer.step()
    return nn.utils.parameters_to_vector(network.parameters()).detach()


apart = {}
for name, optimizer_class, rate in (
    ("gradient descent", torch.optim.SGD, 0.01),
    ("Adam", lm.Adam, 1e-3),
):
    start = train(optimizer_class, 1, 0.0)
    once, scaled = (train(optimizer_class, scale, rate) for scale in (1, 1000))
    apart[name] = ((scaled - once).norm() / (once - start).norm()).item()
assert apart["Adam"] < 0.01 < 10 < apart["gradient descent"]
print("Adam ends at the same weights, to a hundredth of its way")
print("gradient descent ends elsewhere, more than ten times its way off")
