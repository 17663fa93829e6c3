"""A few steps on a copy, at a tenth, at one and at ten times the rate: was it the rate?

Only batches that were kept from the run's beginning are used, and only the copy moves. Where a module's `training_step`
needs its Trainer, where it optimizes manually or has several optimizers, nobody can say.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_modules.layer_weights import copy_of

FACTORS = (0.1, 1.0, 10.0)
BATCHES = 16
_STEPS = 48
_LAST = 12


class Probe:
    """Keeps what is needed to begin again.

    Args:
        model: As it is before the first step.
    """

    @torch.no_grad()
    def __init__(self, model: nn.Module) -> None:
        self._state = {name: value.clone() for name, value in model.state_dict().items()}
        self._batches: list[Any] = []

    def keep(self, batch: Any) -> None:
        """Copy one of the first batches."""
        if len(self._batches) < BATCHES:
            self._batches.append(_copied(batch))

    def losses(self, model: pl.LightningModule, optimizers: list[Optimizer]) -> list[float]:
        """The loss at the beginning, and after the same steps at each of the rates; empty where nobody can say.

        Args:
            model: What was trained; a copy of it is.
            optimizers: Its own, which are not used.
        """
        if len(optimizers) != 1 or not model.automatic_optimization or len(self._batches) < 2:
            return []
        with isolate_rng(), torch.enable_grad():
            try:
                return self._tried(model, optimizers[0])
            except (RuntimeError, TypeError, ValueError, KeyError):
                return []

    def _tried(self, model: pl.LightningModule, optimizer: Optimizer) -> list[float]:
        found: list[float] = []
        for factor in FACTORS:
            torch.manual_seed(0)
            twin = copy_of(model)
            twin.load_state_dict(self._state)
            for name in ("log", "log_dict"):
                setattr(twin, name, _log_nothing)
            own = dict(zip(map(id, model.parameters()), twin.parameters(), strict=True))
            made = _like(optimizer, own, factor)
            losses = []
            for step in range(_STEPS):
                output: Any = twin.training_step(self._batches[step % len(self._batches)], 0)
                loss = output["loss"] if isinstance(output, Mapping) else output
                made.zero_grad()
                loss.backward()
                made.step()
                losses.append(float(loss))
            found = found or [sum(losses[:2]) / 2]
            found.append(sum(losses[-_LAST:]) / _LAST)
        return found


def _like(optimizer: Optimizer, own: Mapping[int, nn.Parameter], factor: float) -> Optimizer:
    known: Any = inspect.signature(type(optimizer)).parameters
    groups = [
        {
            **{name: value for name, value in group.items() if name in known and name != "params"},
            "params": [own[id(parameter)] for parameter in group["params"]],
            "lr": float(group.get("initial_lr", group["lr"])) * factor,
        }
        for group in optimizer.param_groups
    ]
    made: Any = type(optimizer)
    result: Optimizer = made(groups, lr=groups[0]["lr"])
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copied(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(part) for part in value]
    return value


def _log_nothing(*args: Any, **kwargs: Any) -> None:
    """A copy has no Trainer to log to."""
