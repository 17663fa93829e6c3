"""Hand a schedule that waits for a metric each new measurement: once, when it is made, and before a checkpoint is saved.

Lightning does so only when an epoch has ended. By then the epoch's checkpoint is written, so that a resumed run has
missed a measurement; the epoch in which a run is resumed is left out; a metric that is measured every fifth epoch is
an error, or with strict=False counted five times; and one that is measured five times in an epoch is seen once.
"""

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler

from lightning_modules.schedules.run import Run
from lightning_modules.trainer_callbacks import callbacks_of

NEVER = 2**62
"""The frequency with which Lightning is to step a schedule that this callback steps."""


class Measurements(pl.Callback):
    """Hands new values of one metric to one schedule. `scheduled` puts it among the Trainer's callbacks.

    A schedule in whose place another callback has put one of its own is left alone from there on.

    Args:
        schedule: Its `step` takes the measurement.
        monitor: The logged name.

    Attributes:
        has_begun: Whether the run that it was made for has begun.

    What a module logs in its own `on_train_epoch_end` comes after all callbacks, and so too late.

    Raises:
        MisconfigurationException: In training, if by the end of an epoch in which something was measured nothing of
            that name was logged.
    """

    def __init__(self, schedule: LRScheduler, monitor: str) -> None:
        self.schedule = schedule
        self.monitor = monitor
        self.has_begun = False
        self._before_epoch: Tensor | None = None
        self._before_validation: Tensor | None = None
        self._is_validated = False
        self._has_measured = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin a run, which has all its schedules by now."""
        self.has_begun = True

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember what an earlier epoch has measured."""
        self._before_epoch = trainer.callback_metrics.get(self.monitor)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Remember what has been measured before this validation."""
        self._before_validation = trainer.callback_metrics.get(self.monitor)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand over what the validation has measured."""
        # Trainer.validate calls it too, when the training is over.
        if trainer.state.fn != TrainerFn.FITTING:
            return
        if not trainer.sanity_checking and self._hand_over(trainer, self._before_validation):
            self._is_validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hand over what the epoch's training has measured."""
        # While a validation's results last, each look at them makes another tensor of the same measurement.
        if not self._is_validated:
            self._hand_over(trainer, self._before_epoch)
        if not self._has_measured and self._is_at_work(trainer) and self._is_due(trainer):
            names = ", ".join(sorted(trainer.callback_metrics)) or "nothing"
            raise MisconfigurationException(
                f"{type(self.schedule).__name__} waits for {self.monitor!r}, and {names} is logged. Log it in a step "
                "or in the validation, or name another one: monitor=..."
            )

    def _is_at_work(self, trainer: pl.Trainer) -> bool:
        """Whether the Trainer still has the schedule: `StochasticWeightAveraging`, for one, replaces it."""
        return any(config.scheduler is self.schedule for config in trainer.lr_scheduler_configs)

    def _is_due(self, trainer: pl.Trainer) -> bool:
        """Whether a measurement must have been made; a run that is resumed at the end of an epoch has none in it."""
        every = trainer.check_val_every_n_epoch
        if trainer.ckpt_path is not None or every is None or trainer.val_check_batch is None:
            return False  # validated by the clock, or by steps that go on from epoch to epoch
        return trainer.current_epoch + 1 >= every

    def _hand_over(self, trainer: pl.Trainer, before: Tensor | None) -> bool:
        value = trainer.callback_metrics.get(self.monitor)
        if value is None or value is before:  # what was not measured again is the very same tensor
            return False
        if not self._is_at_work(trainer):
            return False
        # Processes that measure different values would train at different rates.
        value = trainer.strategy.reduce(value.detach().float().clone(), reduce_op="mean")
        self._has_measured = True
        self.schedule.step(value)  # type: ignore[arg-type]  # a metric, for a plateau
        return True


def install(trainer: pl.Trainer, schedule: LRScheduler, monitor: str) -> None:
    """Put the callback first, beside those of the module's other schedules, in place of those of an earlier run."""
    callbacks = callbacks_of(trainer)
    callbacks[:] = [
        Measurements(schedule, monitor),
        *(other for other in callbacks if not (isinstance(other, Measurements) and other.has_begun)),
    ]


def expected(trainer: pl.Trainer, monitor: str, run: Run) -> int | None:
    """How many measurements a run will make, once its data is loaded. None if nobody can know.

    Args:
        trainer: Knows when it validates.
        monitor: A name that begins with "train" is measured once an epoch, any other once a validation.
        run: Its length.
    """
    if monitor.startswith("train"):
        return run.begun
    return run.validations(trainer.val_check_batch, trainer.check_val_every_n_epoch)
