"""An optimizer with its schedule, sized from the Trainer and checked before training starts.

In `configure_optimizers` of any LightningModule:

    return scheduled(self.trainer, optimizer, CosineDecay)

The Trainer and its callbacks know how many steps the optimizer will make (`Run`): gradient accumulation, limits and
several devices are counted in. A module that makes its schedule another way is served by the callback `ScheduleCheck`.
"""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.cli import LRSchedulerCallable
from pytorch_lightning.utilities.types import LRSchedulerConfig, OptimizerLRScheduler
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modules.schedules.measurements import NEVER, Measurements, expected, install
from lightning_modules.schedules.others import refuse_with_others
from lightning_modules.schedules.performance import Plateau
from lightning_modules.schedules.refusals import check_schedule
from lightning_modules.schedules.run import (
    Counted,
    Interval,
    Run,
    replaced_from,
    rest_of,
    resumed_length,
    run_length,
    run_of,
)
from lightning_modules.schedules.schedule import Schedule
from lightning_modules.schedules.warmup import Warmup
from lightning_modules.settings import settings
from lightning_modules.trainer_callbacks import callbacks_of
from lightning_modules.trial_run import is_trial

__all__ = ["Interval", "ScheduleCheck", "run_length", "scheduled", "size_and_check"]


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
            config |= {"frequency": NEVER}  # it is here to be saved
            if (
                trainer.lightning_module.automatic_optimization
            ):  # else Lightning says that it has no use for a name
                config |= {"monitor": monitor}
    size_and_check(trainer, [LRSchedulerConfig(**config)])
    if isinstance(waiting, ReduceLROnPlateau) and not is_trial(trainer):
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

    __repr__ = settings

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
        whole, schedule = run_of(trainer, _interval(config), config.frequency), config.scheduler
        run = rest_of(trainer, whole)
        if run.is_nothing:
            continue
        start, counted = replaced_from(trainer), run.counted(_interval(config), config.frequency)
        if start is not None and (whole.begun is None or start < whole.begun) and not is_trial(trainer):
            run = rest_of(trainer, whole.until(start))
            counted = _before_it_is_replaced(config, run, start)
        counted = _as_resumed(trainer, config, whole, counted)
        if isinstance(schedule, Schedule):
            _size(schedule, counted)
        # A module that steps by itself knows when.
        if counted is None or is_trial(trainer) or not trainer.lightning_module.automatic_optimization:
            continue
        _check_wiring(trainer, config)
        _check_steps(config, counted, run)
        refuse_with_others(trainer, schedule)
        _check(schedule, counted, _hint(config))


def _interval(config: LRSchedulerConfig) -> Interval:
    return "epoch" if config.interval == "epoch" else "step"


def _hint(config: LRSchedulerConfig) -> str:
    if config.interval == "epoch":
        return ' A step is an epoch here, with interval="epoch"; with interval="step" it is the optimizer\'s.'
    if config.frequency > 1:
        return f" It steps where the optimizer does after a batch that is a multiple of frequency={config.frequency}."
    return ""


def _check(schedule: LRScheduler, counted: Counted, hint: str) -> None:
    try:
        check_schedule(schedule, counted.steps, counted.rates)
    except ValueError as error:
        raise MisconfigurationException(f"{error}{hint}") from None


def _check_steps(config: LRSchedulerConfig, counted: Counted, run: Run) -> None:
    """Refuse a frequency with which Lightning would never step the schedule."""
    if counted.steps:
        return
    name = type(config.scheduler).__name__
    if config.interval == "epoch":
        raise MisconfigurationException(
            f"{name} would never step: frequency={config.frequency} epochs, the run has {run.begun:,}. Lower the "
            "frequency, or train longer."
        )
    numbers = ", ".join(str(number) for number in sorted({number for _, number in run.accumulated}))
    raise MisconfigurationException(
        f"{name} would never step: Lightning steps it after batches of an epoch that are a multiple of "
        f"frequency={config.frequency} and after which the optimizer steps, and there is none, with {run.batches:g} "
        f"batches an epoch of which {numbers} make a step. Use frequency=1."
    )


def _before_it_is_replaced(config: LRSchedulerConfig, run: Run, start: int) -> Counted | None:
    """What a schedule has before `StochasticWeightAveraging` takes its place, which it has to be told."""
    schedule, counted = config.scheduler, run.counted(_interval(config), config.frequency)
    name = type(schedule).__name__
    if counted is None or not counted.steps or _needs_length(schedule):
        steps = "no step" if counted is None or not counted.steps else f"{counted.steps:,} steps"
        give = (
            ""
            if counted is None or not counted.steps
            else f"give it that length, total_steps={counted.steps}; or "
        )
        raise MisconfigurationException(
            f"StochasticWeightAveraging puts a schedule of its own in the place of {name} when epoch {start} begins, "
            f"which leaves {name} {steps}: it would not come to its end. To have both, {give}raise swa_epoch_start. Or "
            "leave one of the two out."
        )
    return counted


def _check_patience(
    trainer: pl.Trainer, schedule: LRScheduler, waiting: ReduceLROnPlateau, interval: Interval, monitor: str
) -> None:
    """Refuse a patience that outlasts the measurements that count: those after a warm-up."""
    run = run_of(trainer, "epoch")
    start = replaced_from(trainer)
    if start is not None:
        run = run.until(start)
    run = rest_of(trainer, run)
    measurements, counted = expected(trainer, monitor, run), run.counted(interval)
    if measurements is None or counted is None or run.is_nothing:
        return
    if isinstance(schedule, Warmup):
        measurements -= measurements * schedule.warmup_steps() // max(counted.steps, 1)
    _check(waiting, Counted(measurements, measurements), "")


def _as_resumed(
    trainer: pl.Trainer, config: LRSchedulerConfig, run: Run, counted: Counted | None
) -> Counted | None:
    """What a schedule that counts the optimizer's steps has in all, where some of them were made in another run."""
    if counted is None or config.interval == "epoch" or config.frequency > 1:
        return counted
    steps = resumed_length(trainer, run) if trainer.lightning_module.automatic_optimization else None
    return counted if steps is None else Counted(steps, steps)


def _size(schedule: Schedule, counted: Counted | None) -> None:
    if counted is not None:
        schedule.size(max(counted.steps, 1))
    elif _needs_length(schedule):
        raise MisconfigurationException(
            f"{type(schedule).__name__} needs the run's length, and nobody knows it: give the Trainer max_steps or "
            "max_epochs and a data set with a length, or the schedule total_steps."
        )


def _needs_length(schedule: LRScheduler | None) -> bool:
    """Whether its rates depend on the run's length, and it has not been told."""
    if not isinstance(schedule, Schedule):
        return False
    try:
        schedule.factor(1)
    except RuntimeError:
        return True
    return isinstance(schedule, Warmup) and _needs_length(schedule.after)


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
