"""The time that activation functions take, relative to ReLU."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from benchmarks.table import Row
from lightning_modules.gradients.activations import ReLUSquared

_SHAPE = (1_000, 1_000)
_ROUNDS = 40


def time_per_activation() -> list[Row]:
    """Forward and backward on 1,000 × 1,000 numbers, one thread; taken in turn, the best of forty each.

    And a dense layer on the same numbers, which is what they stand between.
    """
    torch.set_num_threads(1)
    activations: dict[str, nn.Module] = {
        "ReLU": nn.ReLU(),
        "leaky ReLU": nn.LeakyReLU(0.1),
        "randomized leaky ReLU": nn.RReLU(),
        "parametric ReLU": nn.PReLU(),
        "ReLU²": ReLUSquared(),
        "sigmoid": nn.Sigmoid(),
        "tanh": nn.Tanh(),
        "ELU": nn.ELU(),
        "SELU": nn.SELU(),
        "GELU": nn.GELU(),
        "Swish": nn.SiLU(),
        "Mish": nn.Mish(),
        "a dense layer": nn.Linear(1_000, 1_000),
    }
    inputs = torch.randn(_SHAPE, requires_grad=True)
    gradient = torch.randn(_SHAPE)
    best = dict.fromkeys(activations, float("inf"))
    for _ in range(_ROUNDS):
        for name, activation in activations.items():
            best[name] = min(best[name], _seconds(activation, inputs, gradient))
    return [Row(name, "ReLU", seconds / best["ReLU"], "x") for name, seconds in best.items()]


def _seconds(activation: nn.Module, inputs: Tensor, gradient: Tensor) -> float:
    started = time.perf_counter()
    activation(inputs).backward(gradient)
    took = time.perf_counter() - started
    inputs.grad = None
    return took
