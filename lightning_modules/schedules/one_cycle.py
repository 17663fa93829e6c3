r"""1cycle: the rate rises from a fraction of its peak to the peak, falls again, and ends far below where it began.

The optimizer's own rate η₀ is the peak. With T the steps of the run, d = `start` and e = `end` as fractions of the
peak and u = `rise` as a fraction of the run:

    two phases      d η₀ → η₀ in u T steps, η₀ → e η₀ in the rest
    three phases    d η₀ → η₀ in u T steps, η₀ → d η₀ in u T steps, d η₀ → e η₀ in the rest

Each phase is half a cosine wave or a straight line. Momentum goes the other way: from its high value to its low one
while the rate rises, back while it falls, and it stays high in a third phase.

The paper's schedule has three phases, straight lines, u nearly ½; torch's `OneCycleLR`, fastai's and this one have two
phases and waves unless told otherwise. The rates are those of `OneCycleLR`, which takes the peak as `max_lr` and
overwrites the optimizer's rate. It gives SGD without momentum a momentum of 0.95; this class refuses that.

Smith, "A disciplined approach to neural network hyper-parameters: Part 1", 2018. https://arxiv.org/abs/1803.09820
Smith, Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018.
https://arxiv.org/abs/1708.07120
"""

from itertools import pairwise
from typing import Literal, get_args

from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.schedules.cosine import half_wave
from lightning_modules.schedules.schedule import Schedule

Shape = Literal["cosine", "linear"]


class OneCycle(Schedule):
    """Up to the optimizer's rate and down again, with momentum the other way round.

    >>> import torch
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1, momentum=0.9)
    >>> schedule = OneCycle(sgd, start=0.2, end=0.0, shape="linear", total_steps=21, rise=10 / 21)
    >>> [round(schedule.factor(step), 4) for step in (0, 9, 20)]  # the peak is at u T − 1
    [0.2, 1.0, 0.0]
    >>> [round(schedule.momentum_at(step), 4) for step in (0, 9, 20)]
    [0.95, 0.85, 0.95]

    Args:
        optimizer: Its groups' rates are the peak. Its momentum (the first beta, in Adam's family) is set, too.
        rise: The fraction of the run in which the rate rises.
        start: The first rate, as a fraction of the peak.
        end: The last rate, as a fraction of the peak.
        three_phase: Come down to the first rate in as many steps as it took to rise, and then to the last.
        shape: "cosine" or "linear".
        momentum: The low and the high value. None leaves momentum alone.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If a number is out of its range, if a group has no momentum that could be changed, or if it is 0;
            when the run is known, if a phase would be shorter than 2 steps.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        rise: float = 0.3,
        start: float = 0.04,
        end: float = 4e-6,
        three_phase: bool = False,
        shape: Shape = "cosine",
        momentum: tuple[float, float] | None = (0.85, 0.95),
        total_steps: int | None = None,
    ) -> None:
        most = 0.5 if three_phase else 1.0
        if not 0 < rise < most:
            raise ValueError(
                f"OneCycle needs a rise between 0 and {most:g} of the run"
                f"{', for it comes down in as many steps' if three_phase else ''}, got rise={rise}."
            )
        if not (0 < start < 1 and 0 <= end < 1):
            raise ValueError(
                "OneCycle starts and ends at fractions of the peak, the optimizer's rate; "
                f"got start={start}, end={end}."
            )
        if shape not in get_args(Shape):
            raise ValueError(f'A phase is "cosine" or "linear", got shape={shape!r}.')
        if momentum is not None:
            low, high = momentum
            if not 0 <= low <= high < 1:
                raise ValueError(
                    f"OneCycle needs a low and a high momentum, 0 ≤ low ≤ high < 1, got {momentum}."
                )
            _check_momentum(optimizer)
        self.rise = rise
        self.start = start
        self.end = end
        self.three_phase = three_phase
        self.shape = shape
        self.momentum = None if momentum is None else tuple(momentum)
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """What the peak is multiplied by at this step."""
        if step == 0:
            return self.start
        rates = [self.start, 1.0, self.start, self.end] if self.three_phase else [self.start, 1.0, self.end]
        return self._between(rates, step)

    def momentum_at(self, step: int) -> float | None:
        """The momentum at this `step`, or None if it is left alone."""
        if self.momentum is None:
            return None
        low, high = self.momentum
        if step == 0:
            return high
        return self._between([high, low, high, high] if self.three_phase else [high, low, high], step)

    def get_lr(self) -> list[float | Tensor]:
        """Return the rates of the present step; the momentum is set on the way, as torch's schedules do."""
        rates = super().get_lr()
        momentum = self.momentum_at(self.last_epoch)
        if momentum is not None:
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return rates

    def check(self, steps: int) -> None:
        """Refuse a run too short for its phases."""
        corners = [0.0, *self._corners()]
        shortest = min(after - before for before, after in pairwise(corners))
        if shortest < 1:
            raise ValueError(
                f"The phases of OneCycle (rise={self.rise}) do not fit into {steps:,} steps. Use a longer run."
            )
        super().check(steps)

    def _corners(self) -> list[float]:
        """Where phases end. As in torch, the rate of a corner is used in the phase's last step."""
        rise, last = self.in_steps(self.rise), self.in_steps(1.0) - 1
        return [rise - 1, 2 * rise - 2, last] if self.three_phase else [rise - 1, last]

    def _between(self, values: list[float], step: int) -> float:
        begin = 0.0
        for start, end, corner in zip(values, values[1:], self._corners(), strict=False):
            if step <= corner:
                passed = (step - begin) / (corner - begin)
                return (
                    half_wave(start, end, passed)
                    if self.shape == "cosine"
                    else start + (end - start) * passed
                )
            begin = max(corner, 0.0)
        return values[-1]


def _check_momentum(optimizer: Optimizer) -> None:
    name = type(optimizer).__name__
    for group in optimizer.param_groups:
        if "betas" not in group and "momentum" not in group:
            raise ValueError(
                f"{name} has no momentum that OneCycle could change. Use OneCycle(..., momentum=None), which moves the "
                "rate only."
            )
        if "betas" not in group and group["momentum"] == 0:
            raise ValueError(
                f"{name} was made without momentum, and OneCycle would give it one. Choose: {name}(..., momentum=0.9), "
                "or OneCycle(..., momentum=None)."
            )
