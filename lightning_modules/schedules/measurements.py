"""Hand a schedule that waits for a metric each new measurement: once, when it is made, and before a checkpoint is saved.

Lightning does so only when an epoch has ended. By then the epoch's checkpoint is written, so that a resumed run has
missed a measurement; the epoch in which a run is resumed is left out; a metric that is measured every fifth epoch is
an error, or with strict=False counted five times; and one that is measured five times in an epoch is seen once.
"""

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from lightning_modules.trainer_callbacks import callbacks_of

NEVER = 2**62
"""The frequency with which Lightning is to step a schedule that this callback steps."""


class Measurements(pl.Callback):
    """Hands new values of one metric to one schedule. `scheduled` puts it among the Trainer's callbacks.

    Args:
        schedule: Its `step` takes the measurement.
        monitor: The logged name.

    Raises:
        MisconfigurationException: In training, if by the end of an epoch nothing of that name was logged.
    """

    def __init__(self, schedule: LRScheduler, monitor: str) -> None:
        self.schedule = schedule
        self.monitor = monitor
        self._before: Tensor | None = None
        self._last: Tensor | None = None

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember what an earlier epoch has measured."""
        self._before = trainer.callback_metrics.get(self.monitor)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember what has been measured before this validation."""
        self._before = trainer.callback_metrics.get(self.monitor)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand over what the validation has measured."""
        if not trainer.sanity_checking:
            self._hand_over(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand over what the epoch's training has measured."""
        self._hand_over(trainer)
        # A run that is resumed at the end of an epoch has nothing measured in it.
        is_due = trainer.ckpt_path is None and trainer.current_epoch + 1 >= (
            trainer.check_val_every_n_epoch or 1
        )
        if self._last is None and is_due:
            names = ", ".join(sorted(trainer.callback_metrics)) or "nothing"
            raise MisconfigurationException(
                f"{type(self.schedule).__name__} waits for {self.monitor!r}, and {names} is logged. Log it, or name "
                "another one: monitor=..."
            )

    def _hand_over(self, trainer: pl.Trainer) -> None:
        value = trainer.callback_metrics.get(self.monitor)
        # What was not measured again is still there, as the very same tensor.
        if value is not None and value is not self._before and value is not self._last:
            self._last = value
            self.schedule.step(value)  # type: ignore[arg-type]  # a metric, for a plateau


def install(trainer: pl.Trainer, schedule: LRScheduler, monitor: str) -> None:
    """Put the callback first, in place of one of an earlier run."""
    callbacks = callbacks_of(trainer)
    callbacks[:] = [
        Measurements(schedule, monitor),
        *(callback for callback in callbacks if not isinstance(callback, Measurements)),
    ]


def expected(trainer: pl.Trainer, monitor: str, epochs: int) -> int:
    """How many measurements a run will make; a name that begins with "train" is measured once per epoch."""
    if monitor.startswith("train"):
        return epochs
    interval = trainer.val_check_interval
    batches = trainer.num_training_batches
    per_epoch = (
        1 / interval
        if isinstance(interval, float)
        else batches / interval
        if isinstance(interval, int)
        else 1
    )
    return int(epochs // (trainer.check_val_every_n_epoch or 1) * max(per_epoch, 1))
