"""What was logged, epoch by epoch, as lists of numbers: ready to print or to plot."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from lightning_modules.life_cycle import LifeCycle
from lightning_modules.settings import settings

_STEP_LOSS = "train/loss_step"


class History(LifeCycle):
    """Collect every logged metric at the end of each training epoch.

    `history["val/accuracy"]` lists its values, one for each epoch in which it was logged. If validation runs
    several times in an epoch, the last one counts. Saved in checkpoints, so that a resumed run has the whole
    history. Another Trainer's training begins an empty one, and validating or testing leaves it as it is.

    Weight averaging is seen as Lightning does it. `EMAWeightAveraging` validates the averages.
    `StochasticWeightAveraging` adds an epoch to measure the statistics of batch normalizations, whose row is that of the
    averages; where there are none, no row is.

    >>> epochs = [{"val/loss": 0.5}, {"val/loss": 0.25}]
    >>> history = History()
    >>> history.load_state_dict({"epochs": epochs, "steps": [10, 20], "losses": []})
    >>> history["val/loss"], history.steps
    ([0.5, 0.25], [10, 20])

    Args:
        every_step: Also collect the loss of each training batch, as `history["train/loss_step"]`. It stays on
            the device until it is asked for, so training does not wait for it.

    Attributes:
        epochs: For each epoch, what was logged in it, by name.
        steps: For each epoch, how many optimizer steps had been made by its end.
    """

    def __init__(self, every_step: bool = False) -> None:
        self.every_step = every_step
        self.forget()

    def forget(self) -> None:
        """Begin an empty history."""
        self.epochs: list[dict[str, float]] = []
        self.steps: list[int] = []
        self._losses: list[Tensor] = []
        self._earlier_losses: list[float] = []
        self._left_over: dict[str, Tensor] = {}

    __repr__ = settings

    def __getitem__(self, name: str) -> list[float]:
        """Return the values of one metric.

        Raises:
            KeyError: If nothing of that name was logged.
        """
        if name == _STEP_LOSS and self.every_step:
            return self._step_losses()
        values = [epoch[name] for epoch in self.epochs if name in epoch]
        if not values:
            hint = " Use History(every_step=True)." if name == _STEP_LOSS else ""
            raise KeyError(
                f"{name!r} was not logged; there is {', '.join(self.names) or 'nothing yet'}.{hint}"
            )
        return values

    @property
    def names(self) -> list[str]:
        """Every metric that was logged in some epoch, sorted."""
        return sorted({name for epoch in self.epochs for name in epoch})

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep the batch's loss, if asked to."""
        # A module that steps its optimizers itself may return no loss.
        if self.every_step and isinstance(outputs, Mapping) and "loss" in outputs:
            # Lightning hands it over as it was scaled for accumulating gradients.
            self._losses.append(outputs["loss"].detach().reshape(()) * trainer.accumulate_grad_batches)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember what is left of earlier epochs."""
        self._left_over = dict(trainer.callback_metrics)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep what was logged in this epoch."""
        logged = trainer.callback_metrics
        # A metric that was not logged in this epoch keeps its old value there, as the very same tensor.
        fresh = {name: value for name, value in logged.items() if self._left_over.get(name) is not value}
        self.epochs.append({name: float(value) for name, value in fresh.items()})
        self.steps.append(trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        """Return everything collected so far, as plain lists."""
        return {"epochs": self.epochs, "steps": self.steps, "losses": self._step_losses()}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on from this `state`."""
        self.epochs = [dict(epoch) for epoch in state["epochs"]]
        self.steps = list(state["steps"])
        # As numbers: tensors would have to be where those of this run will be.
        self._earlier_losses, self._losses = list(state["losses"]), []

    def _step_losses(self) -> list[float]:
        losses: list[float] = torch.stack(self._losses).tolist() if self._losses else []
        return self._earlier_losses + losses
