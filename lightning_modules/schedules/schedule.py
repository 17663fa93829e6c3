r"""What the guide's schedules have in common: a factor, which all of the optimizer's rates are multiplied by.

With η₀ the rate that a parameter group of the optimizer was made with, t = 0, 1, 2, … the steps made so far and T the
steps of the whole run, a schedule is a function of t and T:

    η_t = η₀ · factor(t)

So groups with rates of their own keep their ratios, the rate at any step is known without making the steps before it,
and a resumed run needs no more than t. What a step is, a training step or an epoch, is up to whoever calls `step`.
"""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

Length = int | float
"""A whole number is that many steps, a number with a point that fraction of the run: 100 steps, or 0.1 of all."""

SMALLEST_CHANGE = 0.01
"""A schedule that changes the rate by less than this part, from beginning to end, does not act."""


class Schedule(LRScheduler, ABC):
    """The base of the guide's schedules; a subclass says what the factor is.

    It can be made before it is known how long the run will be: `scheduled` and `ScheduleCheck` tell it
    (`size`), from the Trainer.

    >>> import torch
    >>> from lightning_modules import LinearDecay
    >>> sgd = torch.optim.SGD([{"params": [torch.zeros(1)], "lr": lr} for lr in (0.5, 0.25)])
    >>> schedule = LinearDecay(sgd, total_steps=10)
    >>> for _ in range(6):
    ...     sgd.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()  # 4 of 10 steps are left
    [0.2, 0.1]

    Args:
        optimizer: Its groups' rates are those that the factor multiplies.
        total_steps: The steps of the whole run, T. None: it is to be sized before the second step.

    Raises:
        ValueError: If `total_steps` is not positive.
        RuntimeError: On a step that needs the length of the run, if it is unknown; on any step, if the
            optimizer got another group after the schedule was made.
    """

    _decided_anew: ClassVar[tuple[str, ...]] = ("total_steps",)
    """What a resumed run decides by itself, whatever the checkpoint's schedule was made with."""

    def __init__(self, optimizer: Optimizer, total_steps: int | None = None) -> None:
        if total_steps is not None and (isinstance(total_steps, bool) or total_steps < 1):
            raise ValueError(f"{type(self).__name__} needs at least one step, got total_steps={total_steps}.")
        self.total_steps = total_steps
        super().__init__(optimizer)

    @abstractmethod
    def factor(self, step: int) -> float:
        """What the rates are multiplied by at this `step`, from 0. At step 0 it must not need the run's length."""

    def size(self, total_steps: int) -> None:
        """Tell the schedule that the run has `total_steps`, unless it was told another number when it was made."""
        if self.total_steps is None:
            self.total_steps = total_steps
            self._write_rates()

    def check(self, steps: int) -> None:
        """Refuse what cannot be meant, in a run of this many `steps`.

        Raises:
            ValueError: If the schedule was made for another number of steps, or would never act.
        """
        name = type(self).__name__
        if self.total_steps is not None and self.total_steps != steps:
            outcome = "would be cut off" if self.total_steps > steps else "would be over too early"
            raise ValueError(
                f"{name} was made for {self.total_steps:,} steps, the run has {steps:,}: it {outcome}. "
                "Leave total_steps out, and the run's length is taken."
            )
        places = {round(place * (steps - 1) / 1_000) for place in range(1_001)}
        factors = [self.factor(step) for step in sorted(places)]
        if steps > 1 and max(factors) - min(factors) <= SMALLEST_CHANGE * max(factors):
            raise ValueError(
                f"{name} would never act: in the run's {steps:,} steps the rate goes from {factors[0]:.4g} to "
                f"{factors[-1]:.4g} times what the optimizer was given."
            )

    def in_steps(self, length: Length) -> float:
        """A `length` in steps: itself if it is a whole number, else that fraction of the run.

        Raises:
            RuntimeError: If it is a fraction, and nobody said how long the run is.
        """
        if not isinstance(length, float):
            return length
        if self.total_steps is None:
            name = type(self).__name__
            raise RuntimeError(
                f"{name} does not know how long the run is. Make it with scheduled(trainer, optimizer, {name}), put "
                "ScheduleCheck() among the Trainer's callbacks, or give it total_steps."
            )
        return length * self.total_steps

    def elapsed(self, step: int, length: Length = 1.0) -> float:
        """How many times `length` has passed at this `step`; without `length`, the part of the run that has."""
        return step / self.in_steps(length) if step else 0.0

    def get_lr(self) -> list[float | Tensor]:
        """Return the rate of each of the optimizer's groups at the present step."""
        self._check_groups()
        factor = self.factor(self.last_epoch)
        return [base * factor for base in self.base_lrs]

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the state stands.

        If this run is of another length than the one that was saved, this run's length holds, and a warning says what
        that does to the rate.
        """
        mine = {name: getattr(self, name) for name in self._decided_anew}
        super().load_state_dict(state_dict)
        there, before = self.total_steps, self.factor(self.last_epoch)
        if mine["total_steps"] is None:
            mine["total_steps"] = there
        vars(self).update(mine)
        here, now = self.total_steps, self.factor(self.last_epoch)
        is_over = here != there and here is not None and self.last_epoch >= here
        if now != before or is_over:
            over = ", where it is over: the rate stays there for whatever is still trained" if is_over else ""
            rank_zero_warn(
                f"This {type(self).__name__} comes from a run of {there} steps and goes on in one of {here}: at step "
                f"{self.last_epoch} the rate goes from {before:.4g} to {now:.4g} times what the optimizer was given"
                f"{over}."
            )
            self._write_rates()

    def _check_groups(self) -> None:
        """Refuse groups that were added later: nobody has said what their rates are to be."""
        groups = len(self.optimizer.param_groups)
        if groups != len(self.base_lrs):
            raise RuntimeError(
                f"The optimizer has {groups} parameter groups, {type(self).__name__} was made for "
                f"{len(self.base_lrs)}. Make all groups before the schedule, those that are frozen at first too; or thaw "
                "them by GradualUnfreezing, which adds no group."
            )

    def _write_rates(self) -> None:
        """Give the optimizer the rates of the present step."""
        for group, rate in zip(self.optimizer.param_groups, self.get_lr(), strict=True):
            set_rate(group, rate)
        self._last_lr = [rate_of(group) for group in self.optimizer.param_groups]


def rate_of(group: dict[str, Any]) -> float | Tensor:
    """The rate of a parameter `group`, as a copy if it is a tensor."""
    rate: float | Tensor = group["lr"]
    return rate.clone() if isinstance(rate, Tensor) else rate


def set_rate(group: dict[str, Any], rate: float | Tensor) -> None:
    """Set the `rate` of a parameter `group`; a tensor stays the same tensor: compiled optimizers hold on to it."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def check_length(owner: str, name: str, length: Length, most: float = math.inf) -> None:
    """Refuse a length that is not positive, or a fraction above `most`.

    Args:
        owner: Whose length it is, for the message.
        name: What it is called there.
        length: The length.
        most: The largest fraction.

    Raises:
        ValueError: If so.
    """
    if isinstance(length, bool) or not (0 < length < math.inf):
        raise ValueError(
            f"{owner} needs {name} > 0, got {length}: a whole number of steps, or a fraction of the run (0.1)."
        )
    if isinstance(length, float) and length > most:
        raise ValueError(
            f"{name}={length} of {owner} is a fraction of the run, at most {most:g}. "
            f"For a number of steps write it without a point: {round(length)}."
        )


def check_end(owner: str, end: float) -> None:
    """Refuse a final factor that is no fraction of the first.

    Args:
        owner: Whose factor it is, for the message.
        end: The factor.

    Raises:
        ValueError: If it is not from 0 up to, but not including, 1.
    """
    if not 0 <= end < 1:
        raise ValueError(
            f"{owner} falls to the fraction `end` of the rate, from 0 to less than 1, got end={end}."
        )
