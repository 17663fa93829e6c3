"""What a schedule cannot be meant to do in a run of a known length: nothing at all, or not to come to its end."""

from collections.abc import Sequence
from itertools import pairwise

from pytorch_lightning.utilities import rank_zero_warn
from torch import nn
from torch.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from lightning_modules.schedules.preview import preview
from lightning_modules.schedules.schedule import SMALLEST_CHANGE, Schedule
from lightning_modules.schedules.warmup import Warmup


def check_schedule(schedule: LRScheduler, steps: int, rates: int | None = None) -> None:
    """Refuse a schedule that would not act, or not come to its end, in a run of this many of its steps.

    >>> import torch
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    >>> check_schedule(torch.optim.lr_scheduler.MultiStepLR(sgd, milestones=[30, 80]), steps=60)
    Traceback (most recent call last):
      ...
    ValueError: MultiStepLR would never act at 80: the run has 60 steps.

    Args:
        schedule: Of this library or of torch, at its first step. For one that waits for a metric, a step is a
            measurement.
        steps: The run's length, in what the schedule counts.
        rates: How many of its rates are used, if that is not the same: one more, where the optimizer goes on after the
            schedule's last step.

    Raises:
        ValueError: If so.
    """
    rates = steps if rates is None else rates
    if isinstance(schedule, ReduceLROnPlateau):
        _check_plateau(schedule, steps)
    elif isinstance(schedule, Schedule):
        schedule.check(steps)
        if isinstance(schedule, Warmup) and schedule.after is not None and not schedule.waits_for_metric:
            warm = schedule.warmup_steps()
            check_schedule(schedule.after, steps - warm, rates - warm)
    else:
        _check_reach(schedule, rates)
        _check_change(schedule, rates)


def _check_plateau(schedule: ReduceLROnPlateau, measurements: int) -> None:
    # The first is no worse than anything; p + 1 worse ones follow; and some training has to follow them.
    needed = schedule.patience + 3
    if measurements < needed:
        most = measurements - 3
        raise ValueError(
            f"{type(schedule).__name__} with patience={schedule.patience} would never act: it needs "
            f"{needed} measurements, this run makes {measurements}. "
            + (
                f"Lower the patience to {most}, or train longer."
                if most >= 0
                else "Even patience=0 needs 3: train longer, or leave the schedule out."
            )
        )


def _check_reach(schedule: LRScheduler, steps: int) -> None:
    """Refuse one of torch's schedules that is made for a longer run, or for another length where that is an error."""
    name = type(schedule).__name__
    if isinstance(schedule, OneCycleLR) and schedule.total_steps != steps:
        # After its total_steps it has risen again, or become negative.
        raise ValueError(
            f"{name} was made for {schedule.total_steps:,} steps, the run has {steps:,}. Use OneCycle, which asks the "
            f"Trainer, or total_steps={steps}."
        )
    if isinstance(schedule, CosineAnnealingLR) and schedule.T_max < steps:
        rank_zero_warn(
            f"{name} comes to its end after {schedule.T_max:,} steps, and in the run's other "
            f"{steps - schedule.T_max:,} the rate rises again. CosineDecay stays down; CosineRestarts jumps."
        )
    if isinstance(schedule, SequentialLR):
        _refuse_beyond(name, schedule._milestones, steps)
        bounds = [0, *schedule._milestones, steps]
        for inner, (start, end) in zip(schedule._schedulers, pairwise(bounds), strict=True):
            _check_reach(inner, end - start)
    if isinstance(schedule, ChainedScheduler):
        for inner in schedule._schedulers:
            _check_reach(inner, steps)
    if isinstance(schedule, MultiStepLR):
        _refuse_beyond(name, sorted(schedule.milestones), steps)
    if isinstance(schedule, StepLR):
        _refuse_beyond(name, [schedule.step_size], steps)
    for kinds, attribute in (
        ((CosineAnnealingLR,), "T_max"),
        ((CosineAnnealingWarmRestarts,), "T_0"),
        ((LinearLR, ConstantLR, PolynomialLR), "total_iters"),
    ):
        if isinstance(schedule, kinds) and getattr(schedule, attribute) > steps:
            raise ValueError(
                f"{name} was made for {attribute}={getattr(schedule, attribute):,} steps, the run has {steps:,}: it "
                "would be cut off."
            )


def _refuse_beyond(name: str, places: Sequence[int], steps: int) -> None:
    beyond = [place for place in places if place >= steps]
    if beyond:
        raise ValueError(
            f"{name} would never act at {', '.join(map(str, beyond))}: the run has {steps:,} steps."
        )


def _asks_its_module(schedule: LRScheduler) -> bool:
    """Whether its rates are a method's of a module, which may look at what happens in training."""
    functions = schedule.lr_lambdas if isinstance(schedule, LambdaLR | MultiplicativeLR) else []
    return any(isinstance(getattr(function, "__self__", None), nn.Module) for function in functions)


def _check_change(schedule: LRScheduler, steps: int) -> None:
    """Refuse one that leaves all rates as they are. Most show within a few steps that they do not."""
    if _asks_its_module(schedule):
        return  # what that says in training nobody knows before
    rates: list[float] = []
    for count in sorted({min(64, steps), min(4096, steps), steps}):
        for group in range(len(schedule.optimizer.param_groups)):
            rates = preview(schedule, count, group)
            if steps == 1 or max(rates) - min(rates) > SMALLEST_CHANGE * max(rates):
                return
    raise ValueError(
        f"{type(schedule).__name__} would never act: in the run's {steps:,} steps the rate goes from {rates[0]:.4g} to "
        f"{rates[-1]:.4g}."
    )
