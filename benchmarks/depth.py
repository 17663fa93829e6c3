"""The time of a training step against the number of layers."""

from __future__ import annotations

import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.table import Row
from lightning_modules import MLP, initialize

_DEPTHS = (1, 5, 10, 20, 50, 100)
_ROUNDS = 15
_STEPS = 20


def time_per_step() -> list[Row]:
    """Hidden layers of 100 units, batch 32, SGD, one thread, relative to one hidden layer; best of fifteen rounds."""
    torch.set_num_threads(1)
    best = dict.fromkeys(_DEPTHS, float("inf"))
    for _ in range(_ROUNDS):
        for depth in _DEPTHS:
            best[depth] = min(best[depth], _seconds(depth))
    return [
        Row(
            f"{depth} hidden layer{'s' * (depth > 1)} ({seconds * 1e3:.2f} ms)",
            "one hidden layer",
            seconds / best[1],
            "x",
        )
        for depth, seconds in best.items()
    ]


def _seconds(depth: int) -> float:
    network = MLP([784] + [100] * depth + [10], nn.ReLU)
    initialize(network)  # torch's own lets the signal fade to subnormal numbers, which take ten times as long
    sgd = torch.optim.SGD(network.parameters(), lr=0.01, fused=True)
    images, labels = torch.randn(32, 784), torch.randint(10, (32,))
    started = time.perf_counter()
    for _ in range(_STEPS):
        sgd.zero_grad()
        cross_entropy(network(images), labels).backward()
        sgd.step()
    return (time.perf_counter() - started) / _STEPS
