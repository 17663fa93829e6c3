"""The rates that a schedule will give, without using it up."""

import copy
import warnings

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
    stand_in = _StandIn(schedule.optimizer)
    # The schedule and those inside it meet the stand-in wherever they hold the optimizer.
    schedule = copy.deepcopy(schedule, {id(schedule.optimizer): stand_in})
    rates = []
    with warnings.catch_warnings():
        # That the optimizer's step comes before the schedule's: here is nothing to step.
        warnings.simplefilter("ignore", UserWarning)
        for step in range(steps):
            if step:
                schedule.step()
            rates.append(float(rate_of(stand_in.param_groups[group])))
    return rates


class _StandIn(Optimizer):
    """Has another optimizer's settings, as copies, and no parameters."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.defaults = dict(optimizer.defaults)
        self.param_groups = [
            {key: copy.deepcopy(value) for key, value in group.items() if key != "params"} | {"params": []}
            for group in optimizer.param_groups
        ]
