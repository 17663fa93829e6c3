"""Lightning's own callbacks that write into the optimizer beside a schedule, and whether the schedule can stand it.

`BackboneFinetuning` adds a parameter group in the middle of a run, and `LearningRateFinder` sets the rates when the
schedule has been made. torch's schedules that go on from whatever rate is there take both; those that compute each
rate from the first, as the guide's do, stop with an error at the one, and write the old rates back after the other.
Which of them a schedule does is tried out on a copy.
"""

import warnings

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import BackboneFinetuning, LearningRateFinder
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modules.schedules.preview import copied
from lightning_modules.schedules.schedule import Schedule, rate_of, set_rate
from lightning_modules.trainer_callbacks import callbacks_of


def refuse_with_others(trainer: pl.Trainer, schedule: LRScheduler) -> None:
    """Refuse a schedule beside a callback of Lightning that it cannot work with in this run.

    Args:
        trainer: Has the callbacks.
        schedule: Has been told the run's length.

    Raises:
        MisconfigurationException: If it would fail at a group that comes late, or undo a rate that was found.
    """
    if isinstance(schedule, ReduceLROnPlateau):
        return  # multiplies whatever rates there are
    name = type(schedule).__name__
    for callback in callbacks_of(trainer):
        if isinstance(callback, BackboneFinetuning):
            epoch, most = callback.unfreeze_backbone_at_epoch, trainer.max_epochs
            comes = most in (None, -1) or epoch < (most or 0)
            if comes and not _takes_a_group(schedule):
                raise MisconfigurationException(
                    f"BackboneFinetuning adds a parameter group in epoch {epoch}, and {name} has no rate for it. Use "
                    f'GradualUnfreezing(["backbone"], at=[{epoch}]), which adds none, and give the optimizer all '
                    "parameters."
                )
        if isinstance(callback, LearningRateFinder):
            # The Tuner's own ends the run when the rate is found.
            stays = callback._update_attr and not callback._early_exit
            if stays and not _keeps_a_rate(schedule):
                raise MisconfigurationException(
                    f"LearningRateFinder sets the rate when {name} has been made, which would go back to the old one at "
                    "the next step. Find the rate before the run: Tuner(trainer).lr_find(model), or "
                    "range_test(model, data)."
                )


def _takes_a_group(schedule: LRScheduler) -> bool:
    if isinstance(schedule, Schedule):
        return False
    trial, optimizer = copied(schedule)
    late = {name: value for name, value in optimizer.param_groups[0].items() if name != "initial_lr"}
    optimizer.param_groups.append(late)
    try:
        _step(trial)
    except Exception:  # each of torch's schedules fails in its own way
        return False
    return True


def _keeps_a_rate(schedule: LRScheduler) -> bool:
    if isinstance(schedule, Schedule):
        return False
    trial, optimizer = copied(schedule)
    group = optimizer.param_groups[0]
    found = 2 * float(rate_of(group))
    set_rate(group, found)
    _step(trial)
    expected, same = copied(schedule)
    _step(expected)
    return float(rate_of(group)) > 1.5 * float(rate_of(same.param_groups[0]))


def _step(schedule: LRScheduler) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that the optimizer has not stepped
        schedule.step()
