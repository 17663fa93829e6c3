"""The rates that a schedule will give, without using it up."""

import copy
import warnings
from types import FunctionType, MethodType
from typing import Any
from weakref import WeakMethod

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modules.schedules.schedule import rate_of


def preview(schedule: LRScheduler, steps: int, group: int = 0) -> list[float]:
    """Return the rates of the next `steps` steps, and leave the schedule and its optimizer as they are.

    To plot a schedule by stepping it is a published mistake: it is at its end when training begins. Here a
    copy is stepped, with an optimizer that has the same rates and no parameters.

    >>> import torch
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.8)
    >>> schedule = torch.optim.lr_scheduler.StepLR(sgd, step_size=2, gamma=0.5)
    >>> preview(schedule, 5)
    [0.8, 0.8, 0.4, 0.4, 0.2]
    >>> schedule.last_epoch, sgd.param_groups[0]["lr"]
    (0, 0.8)

    Args:
        schedule: Any schedule of this library or of torch that needs no metric.
        steps: How many steps, counted from the schedule's present one.
        group: Which of the optimizer's parameter groups.

    Raises:
        ValueError: If `steps` is negative, or if the schedule waits for a metric, which nobody knows in advance.
    """
    if isinstance(schedule, ReduceLROnPlateau):
        raise ValueError(
            f"What {type(schedule).__name__} does depends on measurements to come. Use RateHistory to see what it did."
        )
    if steps < 0:
        raise ValueError(f"steps must not be negative, got {steps}.")
    schedule, stand_in = copied(schedule)
    rates = []
    with warnings.catch_warnings():
        # That the optimizer's step comes before the schedule's: here is nothing to step.
        warnings.simplefilter("ignore", UserWarning)
        for step in range(steps):
            if step:
                schedule.step()
            rates.append(float(rate_of(stand_in.param_groups[group])))
    return rates


def copied(schedule: LRScheduler) -> tuple[LRScheduler, Optimizer]:
    """A copy of a schedule, and the optimizer without parameters that it has: to try out what the schedule will do.

    Schedules inside it are copied, with what they remember. What a rate is asked of stays the same: the module whose
    method a `LambdaLR` calls may hold a Trainer, a lock, a network. An object of another kind is copied by itself,
    without what it holds.

    Args:
        schedule: One of torch's or of this library's.
    """
    stand_in = _StandIn(schedule.optimizer)
    return _copy(schedule, {id(schedule.optimizer): stand_in}), stand_in


def _copy(value: Any, seen: dict[int, Any]) -> Any:
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, LRScheduler):
        schedule = seen[id(value)] = object.__new__(type(value))
        vars(schedule).update({name: _copy(item, seen) for name, item in vars(value).items()})
        return schedule
    if isinstance(value, MethodType):
        return MethodType(value.__func__, _copy(value.__self__, seen))
    if isinstance(value, WeakMethod):
        method = value()
        return value if method is None else WeakMethod(_copy(method, seen))
    if isinstance(value, dict):
        items = copy.copy(value)
        for key, item in value.items():
            items[key] = _copy(item, seen)
        return items
    if type(value) in (list, tuple):
        return type(value)(_copy(item, seen) for item in value)
    if isinstance(value, Tensor):
        return value.clone()
    if (
        isinstance(value, nn.Module)
        or not hasattr(value, "__dict__")
        or isinstance(value, FunctionType | type)
    ):
        return value
    try:
        seen[id(value)] = copy.copy(value)
    except Exception:  # an object may refuse in its own way
        seen[id(value)] = value
    return seen[id(value)]


class _StandIn(Optimizer):
    """Has another optimizer's settings, as copies, and no parameters."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.defaults = dict(optimizer.defaults)
        self.param_groups = [
            {key: copy.deepcopy(value) for key, value in group.items() if key != "params"} | {"params": []}
            for group in optimizer.param_groups
        ]
