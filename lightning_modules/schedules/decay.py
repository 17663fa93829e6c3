r"""Decay: a rate that only falls, by a formula fixed in advance.

With η₀ the optimizer's rate, t the steps made, T those of the whole run, τ a length (`scale`) and c, q, e numbers:

    power              η_t = η₀ / (1 + t/τ)^c
    square root        η_t = η₀ / √(1 + t/τ)           the same with c = ½; √(τ / (τ + t)) in other words
    exponential        η_t = η₀ · q^(t/τ)              q = 0.1: a tenth every τ steps
    piecewise constant η_t = η₀ · q_i                  from the boundary b_i on
    linear             η_t = η₀ · (1 − (1 − e) t/T)    down to e η₀ at the end of the run

Of these torch has the exponential (`ExponentialLR`, per step: γ = q^(1/τ)), the linear (`LinearLR`) and the
piecewise constant with one ratio for all boundaries (`MultiStepLR`). These classes give the same rates, know the
length of the run, and say so when they would do nothing in it.

Robbins, Monro, "A Stochastic Approximation Method", Annals of Mathematical Statistics 22 (1951): rates that sum to
infinity while their squares do not, as those of the power decay with ½ < c ≤ 1.
Vaswani et al., "Attention Is All You Need", NeurIPS 2017: the square root, after a warm-up.
https://arxiv.org/abs/1706.03762
"""

from collections.abc import Sequence
from itertools import pairwise

from torch.optim import Optimizer

from lightning_modules.schedules.schedule import Length, Schedule, check_end, check_length


class PowerDecay(Schedule):
    """Divide the rate by (1 + t/τ)^c: by 2 after τ steps, by 3 after 2τ, if c is 1. It falls ever more slowly.

    >>> import torch
    >>> schedule = PowerDecay(torch.optim.SGD([torch.zeros(1)], lr=0.1), scale=10)
    >>> [schedule.factor(step) for step in (0, 10, 30)]
    [1.0, 0.5, 0.25]

    Args:
        optimizer: Its groups' rates are η₀.
        scale: The length τ, as a number of steps or (with a point) a fraction of the run.
        power: The exponent c.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `scale` or `power` is not positive.
    """

    def __init__(
        self, optimizer: Optimizer, scale: Length = 0.1, power: float = 1.0, total_steps: int | None = None
    ) -> None:
        name = type(self).__name__
        check_length(name, "scale", scale)
        if not power > 0:
            raise ValueError(f"{name} needs power > 0, got {power}: otherwise the rate would not fall.")
        self.scale = scale
        self.power = power
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """(1 + t/τ)^−c."""
        return float((1 + self.elapsed(step, self.scale)) ** -self.power)


class SquareRootDecay(PowerDecay):
    """Divide the rate by √(1 + t/τ). After a warm-up of τ steps it is the schedule of the Transformer ("Noam").

    >>> import torch
    >>> schedule = SquareRootDecay(torch.optim.SGD([torch.zeros(1)], lr=0.1), scale=10)
    >>> [schedule.factor(step) for step in (0, 30, 150)]
    [1.0, 0.5, 0.25]

    Args:
        optimizer: Its groups' rates are η₀.
        scale: The length τ, as a number of steps or (with a point) a fraction of the run.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `scale` is not positive.
    """

    def __init__(self, optimizer: Optimizer, scale: Length = 0.1, total_steps: int | None = None) -> None:
        super().__init__(optimizer, scale, 0.5, total_steps)


class ExponentialDecay(Schedule):
    """Multiply the rate by q every τ steps, evenly in between.

    >>> import torch
    >>> schedule = ExponentialDecay(torch.optim.SGD([torch.zeros(1)], lr=0.1), scale=10)
    >>> [round(schedule.factor(step), 4) for step in (0, 5, 10, 20)]
    [1.0, 0.3162, 0.1, 0.01]

    Args:
        optimizer: Its groups' rates are η₀.
        scale: The length τ, as a number of steps or (with a point) a fraction of the run.
        ratio: What the rate is multiplied by in that time, q.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `scale` is not positive, or `ratio` not between 0 and 1.
    """

    def __init__(
        self, optimizer: Optimizer, scale: Length = 0.5, ratio: float = 0.1, total_steps: int | None = None
    ) -> None:
        check_length("ExponentialDecay", "scale", scale)
        if not 0 < ratio < 1:
            raise ValueError(f"ExponentialDecay multiplies by a ratio between 0 and 1, got {ratio}.")
        self.scale = scale
        self.ratio = ratio
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """q^(t/τ)."""
        return float(self.ratio ** self.elapsed(step, self.scale))


class PiecewiseConstant(Schedule):
    """Hold the rate, and change it at once at each boundary.

    >>> import torch
    >>> schedule = PiecewiseConstant(torch.optim.SGD([torch.zeros(1)], lr=0.1), [5, 8], [0.5, 0.1])
    >>> [schedule.factor(step) for step in (0, 4, 5, 7, 8)]
    [1.0, 1.0, 0.5, 0.5, 0.1]

    Args:
        optimizer: Its groups' rates are η₀.
        boundaries: The steps from which on a new rate holds: all whole numbers, or all fractions of the run.
        factors: For each boundary, what η₀ (not the rate before) is multiplied by from there on.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If boundaries do not rise, are of both kinds, or are not as many as factors; if a factor
            is negative; when the run is known, if a boundary lies beyond it.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        boundaries: Sequence[int] | Sequence[float] = (0.5, 0.75),
        factors: Sequence[float] = (0.1, 0.01),
        total_steps: int | None = None,
    ) -> None:
        self.boundaries = list(boundaries)
        self.factors = list(factors)
        if not self.boundaries or len(self.boundaries) != len(self.factors):
            raise ValueError(
                f"PiecewiseConstant needs a factor for each boundary, got {len(self.boundaries)} boundaries and "
                f"{len(self.factors)} factors. Before the first boundary the factor is 1."
            )
        if len({type(boundary) for boundary in self.boundaries}) > 1:
            raise ValueError(
                "Boundaries are all whole numbers of steps or all fractions of the run, got "
                f"{self.boundaries}."
            )
        for boundary in self.boundaries:
            check_length("PiecewiseConstant", "boundary", boundary, most=1)
        if any(after <= before for before, after in pairwise(self.boundaries)):
            raise ValueError(f"Boundaries must rise, got {self.boundaries}.")
        if any(factor < 0 for factor in self.factors):
            raise ValueError(f"A rate cannot be negative, got factors={self.factors}.")
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """The factor of the last boundary that has been reached, or 1."""
        reached = sum(step >= self.in_steps(boundary) for boundary in self.boundaries) if step else 0
        return self.factors[reached - 1] if reached else 1.0

    def check(self, steps: int) -> None:
        """Refuse boundaries that the run never reaches."""
        beyond = [boundary for boundary in self.boundaries if self.in_steps(boundary) > steps - 1]
        if beyond:
            raise ValueError(
                f"PiecewiseConstant would never act at {', '.join(map(str, beyond))}: the run's last step is "
                f"{steps - 1:,}. Lower the boundaries, or give them as fractions of the run: [0.5, 0.75]."
            )
        super().check(steps)


class LinearDecay(Schedule):
    """Lower the rate by the same amount at each step, to `end` times η₀ when the run is over.

    >>> import torch
    >>> schedule = LinearDecay(torch.optim.SGD([torch.zeros(1)], lr=0.1), total_steps=10)
    >>> [schedule.factor(step) for step in (0, 5, 9, 10, 11)]
    [1.0, 0.5, 0.1, 0.0, 0.0]

    Args:
        optimizer: Its groups' rates are η₀.
        end: The fraction of η₀ that is left at the end.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `end` is not from 0 to less than 1.
    """

    def __init__(self, optimizer: Optimizer, end: float = 0.0, total_steps: int | None = None) -> None:
        check_end("LinearDecay", end)
        self.end = end
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """1 − (1 − e) t/T."""
        return 1 - (1 - self.end) * min(self.elapsed(step), 1.0)
