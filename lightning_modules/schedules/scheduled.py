"""An optimizer with its schedule, sized from the Trainer and checked before training starts.

In `configure_optimizers` of any LightningModule:

    return scheduled(self.trainer, optimizer, CosineDecay)

The Trainer knows how many steps the optimizer will make (`estimated_stepping_batches`): gradient accumulation, limits and
several devices are counted in. A module that makes its schedule another way is served by the callback `ScheduleCheck`.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.cli import LRSchedulerCallable
from pytorch_lightning.utilities.types import LRSchedulerConfig, OptimizerLRScheduler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modules.schedules.measurements import NEVER, Measurements, expected, install
from lightning_modules.schedules.performance import Plateau
from lightning_modules.schedules.refusals import check_schedule
from lightning_modules.schedules.schedule import Schedule
from lightning_modules.schedules.warmup import Warmup
from lightning_modules.trainer_callbacks import callbacks_of
from lightning_modules.trial_run import is_trial_run

Interval = Literal["step", "epoch"]


def run_length(trainer: pl.Trainer, interval: Interval = "step") -> int | None:
    """How many optimizer steps, or epochs, the Trainer's run has at most. None if nobody can know.

    Args:
        trainer: It loads the training data, if it has not yet.
        interval: What is counted.
    """
    had_data = trainer.fit_loop._combined_loader is not None
    steps: float = trainer.estimated_stepping_batches
    steps = math.inf if steps < 0 else steps
    length = steps
    if interval == "epoch":
        length = math.inf if trainer.max_epochs in (None, -1) else float(trainer.max_epochs or 0)
        if not math.isinf(steps):
            trainer.fit_loop.setup_data()
            batches = trainer.num_training_batches / trainer.accumulate_grad_batches
            length = length if math.isinf(batches) else min(length, math.ceil(steps / math.ceil(batches)))
    if trainer.ckpt_path is not None and not had_data:
        # Lightning would keep this loader, and so not set it to where the checkpoint stands (its issue 20550).
        trainer.fit_loop._combined_loader = None
    return None if math.isinf(length) else int(length)


def scheduled(
    trainer: pl.Trainer,
    optimizer: Optimizer,
    lr_scheduler: LRSchedulerCallable,
    interval: Interval = "step",
    monitor: str = "val/loss",
) -> OptimizerLRScheduler:
    """Make the schedule, tell it how long the run is, check that it acts in it, and return what Lightning wants.

    A schedule that waits for a metric (`Plateau`, torch's `ReduceLROnPlateau`) is handed each new measurement once,
    whatever the interval, and before a checkpoint is saved; see `Measurements`. A `Warmup` in front of one counts the
    interval.

    >>> from functools import partial
    >>> import torch
    >>> from lightning_modules import Digits, OneCycle, quiet_trainer
    >>> class Module(pl.LightningModule):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = torch.nn.Linear(64, 10)
    ...     def training_step(self, batch, batch_idx):
    ...         images, labels = batch
    ...         return torch.nn.functional.cross_entropy(self.layer(images.flatten(1)), labels)
    ...     def configure_optimizers(self):
    ...         sgd = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
    ...         return scheduled(self.trainer, sgd, OneCycle)
    >>> trainer = quiet_trainer(max_epochs=2, accumulate_grad_batches=4)
    >>> trainer.fit(Module(), Digits().train_dataloader())
    >>> trainer.global_step, trainer.lr_scheduler_configs[0].scheduler.total_steps  # 2 x 40 batches, 4 a step
    (20, 20)

    Args:
        trainer: The module's Trainer, `self.trainer`.
        optimizer: With all its parameter groups.
        lr_scheduler: Called with the optimizer: a class of this library or of torch, or `functools.partial` of one.
        interval: Whether it steps after each optimizer step or after each epoch.
        monitor: The metric that a schedule waits for, unless it names one itself.

    Raises:
        ValueError: If `interval` is neither "step" nor "epoch", or if a `Plateau` would wait for an accuracy to fall.
        MisconfigurationException: If the schedule would not act in this run, or needs its length and nobody
            knows it.
    """
    if interval not in ("step", "epoch"):
        raise ValueError(f'A schedule steps once per "step" or once per "epoch", got interval={interval!r}.')
    schedule = lr_scheduler(optimizer)
    config: dict[str, Any] = {"scheduler": schedule, "interval": interval}
    waiting = schedule.after if isinstance(schedule, Warmup) else schedule
    if isinstance(waiting, ReduceLROnPlateau):
        monitor = getattr(waiting, "monitor", None) or monitor
        if isinstance(waiting, Plateau):
            waiting.watch(monitor)
        install(trainer, schedule, monitor)
        if waiting is schedule:
            config |= {"monitor": monitor, "frequency": NEVER}  # it is here to be saved
    size_and_check(trainer, [LRSchedulerConfig(**config)])
    if isinstance(waiting, ReduceLROnPlateau) and not _is_trial(trainer):
        _check_patience(trainer, schedule, waiting, interval, monitor)
    return {"optimizer": optimizer, "lr_scheduler": config}  # type: ignore[return-value]  # a TypedDict, built by parts


class ScheduleCheck(pl.Callback):
    """Size and check the schedules that a module has made by itself, before training starts.

    >>> from lightning_modules import quiet_trainer
    >>> trainer = quiet_trainer(max_epochs=10, callbacks=[ScheduleCheck()])

    Raises:
        MisconfigurationException: When training starts, if a schedule would not act in the run, if one that waits for
            a metric would be shown the same one again and again, or if one needs the run's length and nobody knows it.
    """

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Size, then check."""
        size_and_check(trainer, trainer.lr_scheduler_configs)


def size_and_check(trainer: pl.Trainer, configs: Sequence[LRSchedulerConfig]) -> None:
    """Tell the schedules how long the run is, and refuse those that would not act in it.

    Args:
        trainer: Knows the run's length.
        configs: Lightning's notes on the schedules.

    Raises:
        MisconfigurationException: If one would not.
    """
    for config in configs:
        if config.frequency == NEVER:  # measurements, not steps
            continue
        steps, schedule = _steps_of(trainer, config), config.scheduler
        if isinstance(schedule, Schedule):
            _size(schedule, steps)
        # A module that steps by itself knows when.
        if steps is None or _is_trial(trainer) or not trainer.lightning_module.automatic_optimization:
            continue
        _check_wiring(trainer, config)
        _check(
            schedule,
            steps,
            ' A step is an epoch here, with interval="epoch".' if config.interval == "epoch" else "",
        )


def _check(schedule: LRScheduler, steps: int, hint: str) -> None:
    try:
        check_schedule(schedule, steps)
    except ValueError as error:
        raise MisconfigurationException(f"{error}{hint}") from None


def _check_patience(
    trainer: pl.Trainer, schedule: LRScheduler, waiting: ReduceLROnPlateau, interval: Interval, monitor: str
) -> None:
    """Refuse a patience that outlasts the measurements that count: those after a warm-up."""
    epochs, length = run_length(trainer, "epoch"), run_length(trainer, interval)
    measurements = None if epochs is None else expected(trainer, monitor, epochs)
    if measurements is None or length is None:
        return
    if isinstance(schedule, Warmup):
        measurements -= measurements * schedule.warmup_steps() // length
    _check(waiting, measurements, "")


def _steps_of(trainer: pl.Trainer, config: LRSchedulerConfig) -> int | None:
    """How often the schedule will step, or be handed a metric."""
    length = run_length(trainer, "epoch" if config.interval == "epoch" else "step")
    return None if length is None else max(length // config.frequency, 1)


def _size(schedule: Schedule, steps: int | None) -> None:
    if steps is not None:
        schedule.size(steps)
        return
    try:
        schedule.factor(1)
    except RuntimeError:
        raise MisconfigurationException(
            f"{type(schedule).__name__} needs the run's length, and nobody knows it: give the Trainer max_steps or "
            "max_epochs and a data set with a length, or the schedule total_steps."
        ) from None


def _check_wiring(trainer: pl.Trainer, config: LRSchedulerConfig) -> None:
    """Refuse a schedule that waits for a metric and gets none, or gets the same one again and again."""
    schedule = config.scheduler
    name = type(schedule).__name__
    if config.reduce_on_plateau and config.interval == "step":
        raise MisconfigurationException(
            f'{name} with interval="step" would be shown the same measurement at every step, and take it for a '
            'plateau. Use interval="epoch", or return scheduled(self.trainer, optimizer, ...).'
        )
    is_measured = any(
        isinstance(other, Measurements) and other.schedule is schedule for other in callbacks_of(trainer)
    )
    if isinstance(schedule, Warmup) and schedule.waits_for_metric and not is_measured:
        raise MisconfigurationException(
            f"Warmup in front of {type(schedule.after).__name__} has to be stepped and to be handed a metric, and "
            "Lightning does only one of both. Return scheduled(self.trainer, optimizer, ...)."
        )


def _is_trial(trainer: pl.Trainer) -> bool:
    return bool(getattr(trainer, "fast_dev_run", False)) or is_trial_run(trainer)
