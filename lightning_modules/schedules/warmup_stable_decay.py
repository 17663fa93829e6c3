r"""Warmup-stable-decay: rise to the optimizer's rate, stay there, and come down in a short last part of the run.

With η₀ the optimizer's rate, w the steps of the warm-up, d those of the decay, T those of the whole run, e the fraction
of η₀ that is left at the end, and x = (t − (T − d)) / d the part of the decay that is over:

    η_t = η₀ (t + 1) / (w + 1)        for t < w
    η_t = η₀                          up to step T − d
    η_t = η₀ (1 − (1 − e) x)          from there on, in a straight line
    η_t = η₀ (1 − (1 − e) √x)         or steeply at first ("1-sqrt")

Up to step T − d nothing depends on T. So a checkpoint from there can be brought to its end by d more steps, and the same
checkpoint can be trained on at the full rate, as if nobody had stopped: how long the run will be can be decided late.
Whoever resumes decides how it ends: decay, shape and end are those of the schedule that goes on, not the checkpoint's.

Zhai, Kolesnikov, Houlsby, Beyer, "Scaling Vision Transformers", CVPR 2022: one long run, many decays from it.
https://arxiv.org/abs/2106.04560
Hu et al., "MiniCPM: Unveiling the Potential of Small Language Models with Scalable Training Strategies", 2024: the name.
https://arxiv.org/abs/2404.06395
Hägele et al., "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations", NeurIPS 2024: 1-sqrt.
https://arxiv.org/abs/2405.18392
"""

import math
from typing import ClassVar, Literal, get_args

from torch.optim import Optimizer

from lightning_modules.schedules.schedule import Length, Schedule, check_end, check_length

Descent = Literal["linear", "1-sqrt"]


class WarmupStableDecay(Schedule):
    """Up, along, and down: a schedule that can be brought to its end from any checkpoint of its middle.

    >>> import torch
    >>> from lightning_modules import preview
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.4)
    >>> schedule = WarmupStableDecay(sgd, warmup=1, decay=4, total_steps=8)
    >>> [round(rate, 2) for rate in preview(schedule, 9)]
    [0.2, 0.4, 0.4, 0.4, 0.4, 0.3, 0.2, 0.1, 0.0]

    Args:
        optimizer: Its groups' rates are η₀.
        warmup: The length w, as a number of steps or (with a point) a fraction of the run. 0 leaves the warm-up out.
        decay: The length d, given in the same way.
        shape: "linear" or "1-sqrt".
        end: The fraction of η₀ that is left at the end.
        total_steps: The steps of the whole run. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If a length is not positive (the warm-up may be 0) or is a fraction above 1, if `shape` is another
            word, or `end` not from 0 to less than 1; when the run is known, if both lengths do not fit into it, or the
            decay has no whole step.
    """

    _decided_anew: ClassVar[tuple[str, ...]] = ("total_steps", "decay", "shape", "end")

    def __init__(
        self,
        optimizer: Optimizer,
        warmup: Length = 0.05,
        decay: Length = 0.2,
        shape: Descent = "linear",
        end: float = 0.0,
        total_steps: int | None = None,
    ) -> None:
        if warmup or isinstance(warmup, bool):
            check_length("WarmupStableDecay", "warmup", warmup, most=1)
        check_length("WarmupStableDecay", "decay", decay, most=1)
        if shape not in get_args(Descent):
            raise ValueError(f'WarmupStableDecay comes down "linear" or "1-sqrt", got shape={shape!r}.')
        check_end("WarmupStableDecay", end)
        self.warmup = warmup
        self.decay = decay
        self.shape = shape
        self.end = end
        super().__init__(optimizer, total_steps)

    def phases(self) -> tuple[int, int]:
        """The steps with which the rate is full, and with which it begins to fall: w and T − d.

        Raises:
            RuntimeError: If nobody said how long the run is.
        """
        whole = round(self.in_steps(1.0))
        return round(self.in_steps(self.warmup)), whole - round(self.in_steps(self.decay))

    def factor(self, step: int) -> float:
        """What the rate is multiplied by in the phase of this step."""
        if step == 0 and self.total_steps is None:
            return 1.0  # not yet sized
        full, falls = self.phases()
        if step < full:
            return (step + 1) / (full + 1)
        if step <= falls:
            return 1.0
        passed = min((step - falls) / max(round(self.in_steps(1.0)) - falls, 1), 1.0)
        return 1 - (1 - self.end) * (passed if self.shape == "linear" else math.sqrt(passed))

    def check(self, steps: int) -> None:
        """Refuse phases that do not fit, and a decay that is none."""
        full, falls = self.phases()
        fall = round(self.in_steps(1.0)) - falls
        if full > falls:
            raise ValueError(
                f"A warm-up of {full:,} steps and a decay of {fall:,} do not fit into {steps:,}. Shorten them, or give "
                "them as fractions of the run: WarmupStableDecay(warmup=0.05, decay=0.2)."
            )
        if fall == 0:
            raise ValueError(
                f"decay={self.decay} of WarmupStableDecay is no whole step of {steps:,}: the rate would never fall. Give "
                "it more, or a number of steps."
            )
        super().check(steps)
