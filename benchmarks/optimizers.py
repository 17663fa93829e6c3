"""A step of each of the eight optimizers against torch.optim's default form: its time, and the state that it keeps."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import lightning_modules as lm
from benchmarks.table import Row

_WIDTHS = [100] * 22  # 21 layers of 100 units
_STEPS = 5  # a round of one would mostly measure the clock
_ROUNDS = 60
_WARMUP = 3

_PAIRS: dict[str, tuple[Callable[..., Optimizer], Callable[..., Optimizer]]] = {
    "Momentum": (lm.Momentum, partial(torch.optim.SGD, momentum=0.9)),
    "Nesterov": (lm.Nesterov, partial(torch.optim.SGD, momentum=0.9, nesterov=True)),
    "AdaGrad": (lm.AdaGrad, torch.optim.Adagrad),
    "RMSProp": (lm.RMSProp, torch.optim.RMSprop),
    "Adam": (lm.Adam, torch.optim.Adam),
    "AdaMax": (lm.AdaMax, torch.optim.Adamax),
    "Nadam": (lm.Nadam, torch.optim.NAdam),
    "AdamW": (lm.AdamW, torch.optim.AdamW),
}


def time_and_state() -> list[Row]:
    """21 layers of 100 units, one thread; sides taken in turn, the median of sixty rounds of five steps."""
    torch.set_num_threads(1)
    rows = []
    for name, (ours, theirs) in _PAIRS.items():
        sides = [ours(_parameters()), theirs(_parameters())]
        took: list[list[float]] = [[], []]
        for number in range(_WARMUP + _ROUNDS):
            order = (0, 1) if number % 2 else (1, 0)
            for side in order:
                seconds = _seconds(sides[side])
                if number >= _WARMUP:
                    took[side].append(seconds)
        mine, other = (statistics.median(times) for times in took)
        rows.append(
            Row(
                f"{name} (a step, {mine * 1e6:.0f} µs)",
                f"torch.optim ({other * 1e6:.0f} µs)",
                mine / other,
                "x",
                target=1.10,
                at_least=False,
            )
        )
        state, other_state = map(_bytes_per_weight, sides)
        rows.append(
            Row(
                f"{name} state (bytes a weight)",
                f"torch.optim ({other_state:.2f})",
                state,
                " B",
                target=other_state,
                at_least=False,
            )
        )
    return rows + _against_gradient_descent()


def _against_gradient_descent() -> list[Row]:
    """What each of torch's optimizers costs beside plain SGD, in its default and in its fastest form."""
    sides: dict[str, Optimizer] = {"SGD": torch.optim.SGD(_parameters())}
    for name, (_, theirs) in _PAIRS.items():
        sides[name] = theirs(_parameters())
        sides[f"{name} fast"] = _fastest(theirs)
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(_WARMUP + _ROUNDS):
        for name, optimizer in sides.items():
            seconds = _seconds(optimizer)
            if number >= _WARMUP:
                took[name].append(seconds)
    sgd = statistics.median(took.pop("SGD"))
    return [
        Row(f"torch {name}", "torch SGD", statistics.median(times) / sgd, "x") for name, times in took.items()
    ]


def _fastest(make: Callable[..., Optimizer]) -> Optimizer:
    """Fused where torch has that, which takes all weights in one call; otherwise foreach."""
    try:
        return make(_parameters(), fused=True)
    except TypeError:
        return make(_parameters(), foreach=True)


def _parameters() -> list[nn.Parameter]:
    parameters = list(lm.MLP(_WIDTHS).parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    return parameters


def _seconds(optimizer: Optimizer) -> float:
    started = time.perf_counter()
    for _ in range(_STEPS):
        optimizer.step()
    return (time.perf_counter() - started) / _STEPS


def _bytes_per_weight(optimizer: Optimizer) -> float:
    weights = sum(parameter.numel() for group in optimizer.param_groups for parameter in group["params"])
    kept = [
        value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)
    ]
    return sum(tensor.numel() * tensor.element_size() for tensor in kept) / weights
