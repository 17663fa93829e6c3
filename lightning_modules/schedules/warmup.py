r"""Warm-up: begin with a small rate, raise it in equal steps, and then let another schedule begin.

With w the steps of the warm-up and η the first rate of the schedule behind it:

    η_t = η (t + 1) / (w + 1)     for t < w

So the first rate is not 0, each is larger than the one before it, and step w makes the other schedule's first step. At
the start, gradients are large and Adam's averages rest on few of them; a full step would be made on
little knowledge.

Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017. https://arxiv.org/abs/1706.02677
"""

from typing import Any, SupportsFloat

from pytorch_lightning.cli import LRSchedulerCallable
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lightning_modules.schedules.schedule import Length, Schedule, check_length, rate_of


class Warmup(Schedule):
    """Raise the rate evenly, then hand over to `after`: any schedule of this library or of torch.

    With a schedule behind it that waits for a metric (`Plateau`, `ReduceLROnPlateau`), `step()` counts a step of
    the warm-up, and `step(metric)` hands over a measurement, which is ignored while the warm-up lasts.

    >>> import torch
    >>> from lightning_modules import LinearDecay, preview
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    >>> warmup = Warmup(sgd, steps=4, after=LinearDecay, total_steps=9)
    >>> [round(rate, 2) for rate in preview(warmup, 9)]
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.1]

    Args:
        optimizer: Its groups' rates are η₀.
        steps: The length w, as a number of steps or (with a point) a fraction of the run.
        after: Called with the optimizer: a class, or `functools.partial` of one. None: the rate stays.
        total_steps: The steps of the whole run, warm-up included. None: `scheduled` or `ScheduleCheck` find out.

    Raises:
        ValueError: If `steps` is not positive, or is a fraction of 1 or more; when the run is known, if it ends
            before the warm-up does.
        TypeError: On `step(metric)`, if the schedule behind takes no metric.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        steps: Length = 0.05,
        after: LRSchedulerCallable | None = None,
        total_steps: int | None = None,
    ) -> None:
        check_length("Warmup", "steps", steps, most=1)
        self.steps = steps
        # First, so that its first rates are known: a schedule writes them when it is made.
        self.after: LRScheduler | None = None if after is None else after(optimizer)
        self._targets = [rate_of(group) for group in optimizer.param_groups]
        super().__init__(optimizer, total_steps)
        if total_steps is not None:
            self._size_after()

    @property
    def waits_for_metric(self) -> bool:
        """Whether the schedule behind is one that waits for a metric."""
        return isinstance(self.after, ReduceLROnPlateau)

    def warmup_steps(self) -> int:
        """The number of steps below the full rate, w.

        Raises:
            RuntimeError: If it is a fraction of the run, and nobody said how long the run is.
        """
        return round(self.in_steps(self.steps))

    def factor(self, step: int) -> float:
        """What the first rates of the schedule behind are multiplied by; 1 once it has begun."""
        if step == 0 and self.total_steps is None and isinstance(self.steps, float):
            return 1.0  # not yet sized
        return min((step + 1) / (self.warmup_steps() + 1), 1.0)

    def size(self, total_steps: int) -> None:
        """Tell the schedule, and the one behind it, how long the run is."""
        if self.total_steps is None:
            self.total_steps = total_steps
            self._size_after()

    def step(self, metrics: SupportsFloat | None = None) -> None:
        """Go on by a step, or hand a measurement to the schedule behind.

        Args:
            metrics: The measurement; None is a step.
        """
        if metrics is None:
            is_over = self.last_epoch >= 0 and self.last_epoch >= self.warmup_steps()
            if is_over and self.after is not None and not self.waits_for_metric:
                self.after.step()
            super().step()
            return
        if not isinstance(self.after, ReduceLROnPlateau):
            raise TypeError(
                f"Warmup was handed a metric, and the schedule behind it, {type(self.after).__name__}, takes none. "
                "Call step() without one."
            )
        if self.last_epoch >= self.warmup_steps():
            self.after.step(metrics)
            self._last_lr = [rate_of(group) for group in self.optimizer.param_groups]

    def get_lr(self) -> list[float | Tensor]:
        """Return the rates of the present step."""
        self._check_groups()
        factor = self.factor(self.last_epoch)
        if self.last_epoch == 0 or self.last_epoch <= self.warmup_steps():
            return [target * factor for target in self._targets]
        return [rate_of(group) for group in self.optimizer.param_groups]  # they are the other schedule's

    def check(self, steps: int) -> None:
        """Refuse a warm-up that fills the run."""
        if self.warmup_steps() >= steps:
            raise ValueError(
                f"The warm-up takes {self.warmup_steps():,} steps, the whole run has {steps:,}. Shorten it, or "
                "give it as a fraction of the run: Warmup(steps=0.05)."
            )
        super().check(steps)

    def state_dict(self) -> dict[str, Any]:
        """Return the state, that of the schedule behind included."""
        return super().state_dict() | {"after": None if self.after is None else self.after.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the state stands."""
        after = self.after
        if after is not None:
            after.load_state_dict(state_dict["after"])
        super().load_state_dict(state_dict | {"after": after})

    def _size_after(self) -> None:
        assert self.total_steps is not None
        if isinstance(self.after, Schedule):
            self.after.size(max(self.total_steps - self.warmup_steps(), 1))
        self._write_rates()
