"""A value that is computed when an epoch ends, and logged as if it had been measured all along."""

from collections.abc import Callable, Mapping

import pytorch_lightning as pl
import torch
from torch import Tensor
from torchmetrics import Metric


class OnceAnEpoch:
    """Tell Lightning, once in each epoch, which values to read when it ends: `self.log` takes as long as a step.

    Values that are logged when the epoch ends would be seen only by callbacks that come later in the list.

    Args:
        values: By the name under which it is logged, a function that computes the value.
        logger: Whether loggers get the values too. None is: if there are any.
    """

    def __init__(self, values: Mapping[str, Callable[[], float]], logger: bool | None = None) -> None:
        self._logger = logger
        self._metrics = {name: _AtEpochEnd(value) for name, value in values.items()}
        self._is_logged = False

    def begin(self) -> None:
        """Begin an epoch."""
        self._is_logged = False

    def log(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log, in any hook of a training step, unless that was done in this epoch."""
        if self._is_logged or trainer.barebones:
            return
        self._is_logged = True
        for name, metric in self._metrics.items():
            metric.update()
            pl_module.log(
                name,
                metric,
                on_step=False,
                on_epoch=True,
                logger=self._logger,
                metric_attribute="once_an_epoch",
            )


class _AtEpochEnd(Metric):
    full_state_update = False

    def __init__(self, value: Callable[[], float]) -> None:
        super().__init__()
        self.value = value

    def update(self) -> None:
        """Nothing: all processes have the same weights and take the same steps, and compute the same."""

    def compute(self) -> Tensor:
        return torch.tensor(self.value())
