"""Every step clipped: what do the threshold and the learning rate each decide?"""

from itertools import islice

import torch
from torch import nn

import lightning_modules as lm

data = lm.Digits(batch_size=32)


def train(optimizer, rate, threshold):
    """Return the trained weights as one vector, and the steps clipped."""
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 10])
    lm.initialize(network)
    step, clipped = optimizer(network.parameters(), lr=rate).step, 0
    for images, labels in islice(data.train_dataloader(), 30):
        network.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), threshold)
        clipped += (norm > threshold).item()
        step()
    return nn.utils.parameters_to_vector(network.parameters()), clipped


start, _ = train(torch.optim.SGD, 0.0, 1.0)
apart = {}
for name, optimizer, one, other in (
    ("SGD, half the threshold", torch.optim.SGD, (0.1, 0.25), (0.1, 0.125)),
    (
        "SGD, half the threshold, twice the rate",
        torch.optim.SGD,
        (0.1, 0.25),
        (0.2, 0.125),
    ),
    ("Adam, half the threshold", torch.optim.Adam, (1e-3, 0.25), (1e-3, 0.125)),
):
    weights, clipped = train(optimizer, *one)
    others, clipped_too = train(optimizer, *other)
    assert clipped == clipped_too == 30
    apart[name] = ((weights - others).norm() / (weights - start).norm()).item()
    print(f"{name}: the way differs by {apart[name]:.1%}")

assert apart["SGD, half the threshold"] > 0.2
assert apart["SGD, half the threshold, twice the rate"] < 1e-5
assert apart["Adam, half the threshold"] < 0.05
