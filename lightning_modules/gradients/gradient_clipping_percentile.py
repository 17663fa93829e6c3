r"""Clipping by percentile: let the run's own gradient norms say what is too long.

With ‖g_t‖ the gradient's norm at step t before clipping, w the window and p the percentile:

    r_t = the p-th percentile of ‖g_{t−w}‖, …, ‖g_{t−1}‖          g_t ← g_t · min(1, r_t / ‖g_t‖)

The threshold follows the norms as they grow and shrink, and one enormous gradient does not move it. Where norms keep
their size, one step in ten is clipped at p = 90. Where they shrink, as they do while a network learns, most lie below
a percentile of the past and fewer steps are clipped: the longer the window, the fewer.

Seetharaman, Wichern, Pardo, Le Roux, "AutoClip: Adaptive Gradient Clipping for Source Separation Networks", MLSP 2020,
which looks back over all steps. https://arxiv.org/abs/2007.14469
Godbole, Dahl, Gilmer, Shallue, Nado, "Deep Learning Tuning Playbook", 2023, which advises the 90th percentile.
https://github.com/google-research/tuning_playbook
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from typing import Any

from torch import nn

from lightning_modules.gradients.gradient_clipping import scale_down_
from lightning_modules.gradients.gradient_clipping_callback import GradientClipping, NonFinite


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value that `percent` % of the numbers lie below; where it falls between two of them, in proportion.

    >>> percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50)
    3.0
    >>> percentile([10.0, 20.0], 90)  # 10 + 0.9 * (20 - 10)
    19.0

    Args:
        ordered: Numbers from the smallest to the largest, at least one.
        percent: From 0 to 100.
    """
    position = (len(ordered) - 1) * percent / 100
    below = int(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


class ClipGradientPercentile(GradientClipping):
    """Clip by norm, at a percentile of the norms of the last steps.

    The threshold is computed from the steps before the one that it is applied to. Norms that are not finite do not
    count. Checkpoints hold the window, so a resumed run clips as one that was not interrupted.

    >>> clipping = ClipGradientPercentile(warmup=2)
    >>> clipping.clip_([], norm=1.0), clipping.clip_([], norm=3.0), clipping.threshold  # 1 + 0.9 * (3 - 1)
    (False, False, 2.8)

    Args:
        percent: Which percentile.
        window: How many steps to look back.
        warmup: How many steps to wait before the first is clipped, since the percentile of one or two norms
            means nothing.
        max_norm: The longest that a gradient may ever be, during warm-up too. Infinite leaves the first steps
            unprotected.
        non_finite: What to do if a gradient is not finite: "raise", or "skip" the step and count it.
        every_step: Also keep the norm of each step, as `norms`.

    Attributes:
        threshold: The norm above which the next step is clipped; `max_norm` during warm-up.

    Raises:
        ValueError: If an argument is out of range.
        MisconfigurationException: When training starts, with what cannot be clipped; see `GradientClipping`.
        FloatingPointError: In training, if a gradient is not finite and `non_finite` is "raise".
    """

    def __init__(
        self,
        percent: float = 90.0,
        window: int = 1000,
        warmup: int = 10,
        max_norm: float = math.inf,
        non_finite: NonFinite = "raise",
        every_step: bool = False,
    ) -> None:
        super().__init__(non_finite, every_step)
        if not 0 < percent < 100:
            raise ValueError(f"percent must lie between 0 and 100, got {percent}. The playbook advises 90.")
        if not 1 <= warmup <= window:
            raise ValueError(
                f"warmup must be at least 1 and at most the window, got warmup {warmup} and window {window}."
            )
        if not max_norm > 0:
            raise ValueError(
                f"max_norm must be positive, got {max_norm}. Leave it out to let the percentile alone decide."
            )
        self.percent = percent
        self.window = window
        self.warmup = warmup
        self.max_norm = max_norm

    def forget(self) -> None:
        """Start counting anew, with an empty window."""
        super().forget()
        self._recent: deque[float] = deque()
        self._ordered: list[float] = []

    @property
    def threshold(self) -> float:
        """The norm above which the next step is clipped."""
        if len(self._ordered) < self.warmup:
            return self.max_norm
        return min(self.max_norm, percentile(self._ordered, self.percent))

    def clip_(self, parameters: Sequence[nn.Parameter], norm: float) -> bool:
        """Scale the gradients down to the threshold, if they are longer, and then count their norm."""
        was_clipped = scale_down_(parameters, norm, self.threshold)
        self._recent.append(norm)
        insort(self._ordered, norm)
        if len(self._recent) > self.window:
            del self._ordered[bisect_left(self._ordered, self._recent.popleft())]
        return was_clipped

    def state_dict(self) -> dict[str, Any]:
        """Return the counts and the window, as plain values."""
        return super().state_dict() | {"recent": list(self._recent)}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on from this `state`."""
        super().take_over(state)
        self._recent = deque(state["recent"][-self.window :])
        self._ordered = sorted(self._recent)
