"""How a fault is told: a change of a case that trains well, and the names that are right for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from clinic.case import Case
from lightning_modules import MLP

Change = Callable[[Case], Case | None]
FAULTS: dict[str, tuple[tuple[str, ...], Change]] = {}
"""By the change's name: the findings that are right, the best one first, and the change; of some cases it makes None."""


def fault(*names: str) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        FAULTS[change.__name__] = (names, change)
        return change

    return add


def is_adam(case: Case) -> bool:
    return case.optimizer in (torch.optim.Adam, torch.optim.AdamW)


def features(case: Case) -> int:
    return case.inputs[0][0].numel()


def is_flat(case: Case) -> bool:
    """Whether any dense network can take its inputs."""
    return not case.tokens


def hook(case: Case, change: Callable[[Any], None]) -> Case:
    case.hooks.append(change)
    return case


def weights(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.ndim > 1]


def hidden(case: Case, widths: list[int], activation: type[nn.Module] = nn.ReLU) -> Callable[[], nn.Module]:
    return lambda: MLP([features(case), *widths, case.classes], activation)


def with_step(case: Case, loss: Callable[[Any, Tensor, Tensor], Tensor]) -> Case:
    case.step = lambda model, batch: loss(model, model(batch[0]), batch[1])
    return case


def layers(case: Case, width: int, between: Callable[[], list[nn.Module]]) -> Callable[[], nn.Module]:
    """One hidden layer, with what stands between it and the last one."""
    return lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), width),
        *between(),
        nn.Linear(width, case.classes),
    )
