"""The rate and the momentum that each step was really made with."""

from typing import Any

import pytorch_lightning as pl
from torch.optim import Optimizer

from lightning_modules.life_cycle import LifeCycle
from lightning_modules.settings import settings


class RateHistory(LifeCycle):
    """Keep the learning rate and the momentum of each step, read at the moment when the optimizer uses them.

    At the end of a batch the schedule may have moved on already: what stands there is the next step's rate.
    Saved in checkpoints, so that a resumed run has the whole history. Another Trainer's training begins an empty one,
    and validating or testing leaves it as it is.

    >>> history = RateHistory()
    >>> history.load_state_dict({"rates": [[[0.1, 0.01], [0.2, 0.02]]], "momenta": [[[0.9, 0.9], [0.8, 0.8]]]})
    >>> history.rate(), history.rate(group=1), history.momentum()
    ([0.1, 0.2], [0.01, 0.02], [0.9, 0.8])
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin an empty history."""
        # By optimizer, step and group.
        self._rates: list[list[list[float]]] = []
        self._momenta: list[list[list[float | None]]] = []

    __repr__ = settings

    def rate(self, group: int = 0, optimizer: int = 0) -> list[float]:
        """Return the rate of each step that the optimizer made.

        Args:
            group: The parameter group, from 0.
            optimizer: The optimizer, from 0, where a module has several.
        """
        return [groups[group] for groups in self._rates[optimizer]] if self._rates else []

    def momentum(self, group: int = 0, optimizer: int = 0) -> list[float]:
        """Return the momentum of each step; in Adam's family that is the first beta.

        Args:
            group: The parameter group, from 0.
            optimizer: The optimizer, from 0, where a module has several.

        Raises:
            KeyError: If the optimizer has none.
        """
        momenta = [groups[group] for groups in self._momenta[optimizer]] if self._momenta else []
        if None in momenta:
            raise KeyError("This optimizer has no momentum.")
        return [momentum for momentum in momenta if momentum is not None]

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Keep what the step is about to be made with."""
        index = next(i for i, known in enumerate(trainer.optimizers) if known is optimizer)
        while len(self._rates) <= index:
            self._rates.append([])
            self._momenta.append([])
        self._rates[index].append([float(group["lr"]) for group in optimizer.param_groups])
        self._momenta[index].append([_momentum(group) for group in optimizer.param_groups])

    def state_dict(self) -> dict[str, Any]:
        """Return everything kept so far, as plain lists."""
        return {"rates": self._rates, "momenta": self._momenta}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on from this `state`."""
        self._rates = [list(steps) for steps in state["rates"]]
        self._momenta = [list(steps) for steps in state["momenta"]]


def _momentum(group: dict[str, Any]) -> float | None:
    if "betas" in group:
        return float(group["betas"][0])
    return float(group["momentum"]) if "momentum" in group else None
