r"""Cosine annealing: half a cosine wave from the optimizer's rate down to nearly nothing, once or several times.

With η₀ the optimizer's rate, e the fraction of it that is left at the end, t the steps since the last restart and T
those of the cycle:

    η_t = η₀ (e + (1 − e) (1 + cos(π t/T)) / 2)

The cosine stays high for long, falls fast in the middle and ends gently. With warm restarts the rate jumps back to η₀
at the end of each cycle, and cycles become longer: n cycles, each c times as long as the one before it, fill the run if
the first takes (c − 1) / (cⁿ − 1) of it (1/n if c = 1).

torch's `CosineAnnealingLR` gives the same rates up to `T_max`, and after it rises again; these stay at the end.

Loshchilov, Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017.
https://arxiv.org/abs/1608.03983
"""

import math
from itertools import pairwise

from torch.optim import Optimizer

from lightning_modules.schedules.schedule import Schedule, check_end


class CosineDecay(Schedule):
    """Half a cosine wave over the whole run.

    >>> import torch
    >>> schedule = CosineDecay(torch.optim.SGD([torch.zeros(1)], lr=0.1), total_steps=12)
    >>> [round(schedule.factor(step), 4) for step in (0, 4, 6, 8, 12, 13)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]

    Args:
        optimizer: Its groups' rates are η₀.
        end: The fraction of η₀ that is left at the end.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `end` is not from 0 to less than 1.
    """

    def __init__(self, optimizer: Optimizer, end: float = 0.0, total_steps: int | None = None) -> None:
        check_end("CosineDecay", end)
        self.end = end
        super().__init__(optimizer, total_steps)

    def factor(self, step: int) -> float:
        """Half a wave down to `end`."""
        return half_wave(1.0, self.end, min(self.elapsed(step), 1.0))


class CosineRestarts(Schedule):
    """Several half waves, each from η₀ on ("warm restarts", SGDR). They fill the run.

    >>> import torch
    >>> schedule = CosineRestarts(torch.optim.SGD([torch.zeros(1)], lr=0.1), cycles=3, total_steps=70)
    >>> schedule.starts()  # 10 + 20 + 40 = 70
    [0.0, 10.0, 30.0]
    >>> [round(schedule.factor(step), 4) for step in (0, 5, 10, 20, 30, 50, 70)]
    [1.0, 0.5, 1.0, 0.5, 1.0, 0.5, 0.0]

    Args:
        optimizer: Its groups' rates are η₀.
        cycles: How many half waves.
        lengthen: How many times as long as the one before it a cycle is.
        end: The fraction of η₀ that is left at the end of each.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `cycles` is less than 2, `lengthen` not positive, or `end` not from 0 to less than 1;
            when the run is known, if a cycle would be shorter than 2 steps.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        cycles: int = 3,
        lengthen: float = 2.0,
        end: float = 0.0,
        total_steps: int | None = None,
    ) -> None:
        if cycles < 2:
            raise ValueError(f"CosineRestarts needs at least 2 cycles, got {cycles}. One is CosineDecay.")
        if not lengthen > 0:
            raise ValueError(
                f"CosineRestarts needs lengthen > 0, got {lengthen}; 1 is cycles of equal length."
            )
        check_end("CosineRestarts", end)
        self.cycles = cycles
        self.lengthen = lengthen
        self.end = end
        super().__init__(optimizer, total_steps)

    def starts(self) -> list[float]:
        """The steps, in the run, at which cycles begin; a restart is at the first whole step from there on."""
        shares = [self.lengthen**cycle for cycle in range(self.cycles)]
        whole = self.in_steps(1.0)
        return [whole * sum(shares[:cycle]) / sum(shares) for cycle in range(self.cycles)]

    def factor(self, step: int) -> float:
        """Half a wave down to `end`, from the last restart on."""
        if step == 0:
            return 1.0
        starts = self.starts()
        ends = [*starts[1:], self.in_steps(1.0)]
        # A restart that falls on a whole step must not be missed by rounding.
        cycle = max(index for index, start in enumerate(starts) if step >= start - 1e-6)
        passed = (step - starts[cycle]) / (ends[cycle] - starts[cycle])
        return half_wave(1.0, self.end, min(max(passed, 0.0), 1.0))

    def check(self, steps: int) -> None:
        """Refuse cycles too short to be any."""
        starts = [*self.starts(), float(steps)]
        shortest = min(after - before for before, after in pairwise(starts))
        if shortest < 2:
            raise ValueError(
                f"{self.cycles} cycles do not fit into {steps:,} steps: the shortest would take {shortest:.1f}. "
                "Use fewer, or a smaller `lengthen`."
            )
        super().check(steps)


def half_wave(start: float, end: float, passed: float) -> float:
    """From `start`, where `passed` is 0, along half a cosine wave to `end`, where it is 1.

    >>> half_wave(1.0, 0.0, 1 / 3)  # (1 + cos 60°) / 2
    0.75
    """
    return end + (start - end) * (1 + math.cos(math.pi * passed)) / 2
