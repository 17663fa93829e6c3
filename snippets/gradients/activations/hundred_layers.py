"""Which network of a hundred layers learns: does the optimizer decide?

Training loss, means of 20 steps, of four networks of a hundred dense layers;
thin lines are single seeds, the dashed line is guessing. Under SGD, SELU (blue)
gets ahead of ReLU (orange), under Adam it falls behind. ReLU with batch
normalization (pink) does not learn at all. ReLU with skip connections (green)
leaves all of them behind.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm

depth, width, steps = 100, 100, 100
images, labels = lm.FashionMNIST(train_size=5_000).train


class Skip(nn.Sequential):
    def forward(self, signal):
        return signal + super().forward(signal)


def stack(activation, normalization=None):
    network = lm.MLP([784] + [width] * depth + [10], activation, normalization)
    lm.initialize(network)
    return network


def stack_with_skips():
    first, last = nn.Linear(784, width), nn.Linear(width, 10)
    skips = [Skip(nn.ReLU(), nn.Linear(width, width)) for _ in range(depth - 1)]
    for _, linear in skips:  # He's variance, shared among all that adds up
        nn.init.normal_(linear.weight, std=math.sqrt(2 / width / depth))
        nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.Flatten(), first, *skips, nn.ReLU(), last)


def losses(network, optimizer):
    curve = []
    for _ in range(steps):
        chosen = torch.randint(len(images), (32,))
        optimizer.zero_grad()
        loss = cross_entropy(network(images[chosen]), labels[chosen])
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    return torch.tensor(curve).view(-1, 20).mean(dim=1)


last = {}
figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.2), sharey=True)
for axis, name, kind, rate in (
    (axes[0], "SGD", torch.optim.SGD, 0.001),
    (axes[1], "Adam", torch.optim.Adam, 0.0005),
):
    for color, label, build, seeds in (
        ("C0", "SELU", lambda: stack(nn.SELU), 3),
        ("C1", "ReLU", lambda: stack(nn.ReLU), 3),
        ("C2", "with skips", stack_with_skips, 1),
        ("C3", "batch norm", lambda: stack(nn.ReLU, nn.BatchNorm1d), 1),
    ):
        curves = []
        for seed in range(seeds):
            torch.manual_seed(seed)
            network = build()
            curve = losses(network, kind(network.parameters(), rate, fused=True))
            axis.plot(range(10, steps, 20), curve, color, linewidth=1)
            curves.append(curve)
        last[f"{label} {name}"] = end = torch.stack(curves)[:, -1].mean().item()
        print(f"{name}, {label}: loss {end:.1f}")
        axis.text(steps - 8, end, label, color=color, va="center")
    axis.axhline(math.log(10), color="black", linestyle="--", linewidth=0.8)
    axis.set(title=f"{name}, rate {rate}", xlabel="training step")
axes[0].set_ylabel("cross entropy")
plt.show()

assert last["SELU SGD"] < last["ReLU SGD"] - 0.1
assert last["SELU Adam"] > last["ReLU Adam"] + 0.1
for name in ("SGD", "Adam"):
    assert last[f"batch norm {name}"] > 2.2
    assert last[f"with skips {name}"] < 1.3
