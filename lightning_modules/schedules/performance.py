r"""Performance scheduling: hold the rate while a measurement improves, and lower it when it stops.

With P = `patience` and q = `factor`: after more than P measurements in a row that are not better than the best one,

    η ← max(q η, η_min)

Better means lower (`mode="min"`) or higher (`"max"`) than the best by at least the part `threshold` of it. It is torch's
`ReduceLROnPlateau`, which says the rest; this one knows what it watches, refuses to watch an accuracy for falling, keeps
its smallest step at 0 instead of 1e-8, and remembers when it acted.
"""

import re
from typing import Literal, SupportsFloat

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


class Plateau(ReduceLROnPlateau):
    """torch's `ReduceLROnPlateau`, with the name of what it watches.

    >>> import torch
    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.8)
    >>> schedule = Plateau(sgd, factor=0.5, patience=1)
    >>> for loss in (1.0, 0.9, 0.9, 0.9, 0.8):  # the fourth is the second in a row that is no better
    ...     schedule.step(loss)
    >>> sgd.param_groups[0]["lr"], schedule.reductions
    (0.4, [4])

    Args:
        optimizer: All its groups' rates are multiplied, so they keep their ratios.
        monitor: The logged name of the measurement. None: the one that `scheduled` or `Classifier` is given.
        mode: Whether "min" or "max" is better.
        factor: What the rate is multiplied by.
        patience: How many measurements in a row may be no better.
        threshold: The part of the best value by which a better one must differ from it.
        cooldown: How many measurements after a reduction do not count.
        min_lr: No rate falls below it.

    Attributes:
        monitor: The logged name of the measurement, once it is known.
        reductions: The measurements, counted from 1, at which the rate fell.

    Raises:
        ValueError: If a number is out of its range, or `monitor` is an accuracy and `mode` is "min".
    """

    def __init__(
        self,
        optimizer: Optimizer,
        monitor: str | None = None,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.5,
        patience: int = 5,
        threshold: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        if not 0 < factor < 1:
            raise ValueError(f"Plateau multiplies the rate by a factor between 0 and 1, got {factor}.")
        for name, value in (
            ("patience", patience),
            ("cooldown", cooldown),
            ("threshold", threshold),
            ("min_lr", min_lr),
        ):
            if value < 0:
                raise ValueError(f"{name} must not be negative, got {value}.")
        self.monitor: str | None = None
        self.reductions: list[int] = []
        super().__init__(
            optimizer, mode, factor, patience, threshold, cooldown=cooldown, min_lr=min_lr, eps=0.0
        )
        if monitor is not None:
            self.watch(monitor)

    def watch(self, monitor: str) -> None:
        """Wait for this measurement; `scheduled` tells it where nothing was said.

        Args:
            monitor: Its logged name.

        Raises:
            ValueError: If it is an accuracy, and `mode` is "min".
        """
        if self.mode == "min" and _is_accuracy(monitor):
            raise ValueError(
                f'Plateau(monitor={monitor!r}, mode="min") would lower the rate while the accuracy improves. '
                'Use mode="max"; or, if less of it is better, torch\'s ReduceLROnPlateau, which does not look at names.'
            )
        self.monitor = monitor

    def step(self, metrics: SupportsFloat) -> None:  # type: ignore[override]  # epoch is deprecated
        """Take a measurement.

        Args:
            metrics: Its value: one number.
        """
        before = [float(group["lr"]) for group in self.optimizer.param_groups]
        super().step(metrics)
        if before != [float(group["lr"]) for group in self.optimizer.param_groups]:
            self.reductions.append(self.last_epoch)


def _is_accuracy(name: str) -> bool:
    """Whether one of its words ends with "acc" or "accuracy", and none says that less is better.

    >>> [_is_accuracy(name) for name in ("val/accuracy", "valAcc", "top5_acc1", "accuracy_loss", "val/acceleration_mae")]
    [True, True, True, False, False]
    """
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    return any(word.endswith(("acc", "accuracy")) for word in words) and not {"loss", "error"} & {*words}
