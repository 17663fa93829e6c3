"""How many directions of a layer does a step change?

A layer of 100 × 100 weights in a network on digits, after 150 steps. A step of it
as singular values: how far it goes in each of 100 directions, the farthest taken
as 1. Momentum (blue) goes far in a few and hardly moves in the rest. Adam (amber)
divides number by number, which evens out the numbers and not the directions. Muon
(green) goes about as far in most of them.
"""

from itertools import islice

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm
from lightning_modules.optimizers.muon import orthogonalized

epoch = list(islice(lm.Digits(batch_size=32).train_dataloader(), 30))

torch.manual_seed(42)
network = lm.MLP([64, 100, 100, 10])
lm.initialize(network)
adam = lm.Adam(network.parameters(), lr=1e-3)
weight = network[3].weight
momentum = torch.zeros_like(weight)
for images, labels in epoch * 5:
    loss = nn.functional.cross_entropy(network(images), labels)
    adam.zero_grad()
    loss.backward()
    adam.step()
    momentum.lerp_(weight.grad, 0.05)

kept = adam.state[weight]
steps = {
    "momentum": (momentum, "C0", (46, 2e-3)),
    "Adam": (
        kept["exp_avg"] / (kept["exp_avg_sq"].sqrt() + 1e-8),
        "C4",
        (41, 0.08),
    ),
    "Muon": (orthogonalized(momentum), "C2", (30, 0.4)),
}
spread = {}
for name, (step, color, spot) in steps.items():
    lengths = torch.linalg.svdvals(step)
    lengths = lengths / lengths[0]
    # Of n equal lengths this is n.
    spread[name] = (lengths.square().sum() ** 2 / lengths.pow(4).sum()).item()
    plt.semilogy(range(1, 101), lengths, color=color)
    plt.text(*spot, name, color=color)
    print(f"{name}: as if in {spread[name]:.0f} directions of 100")
plt.ylim(1e-6, 1.6)
plt.xlabel("direction")
plt.ylabel("length of the step ÷ longest")
plt.show()

assert spread["momentum"] < 12 and spread["Adam"] < 12
assert spread["Muon"] > 4 * max(spread["momentum"], spread["Adam"])
