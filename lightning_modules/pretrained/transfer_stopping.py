"""What a run's end means for layers that thaw one after the other: whether it comes too early, and how to put it off."""

import sys

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping

from lightning_modules.schedules.measurements import expected
from lightning_modules.schedules.run import run_of
from lightning_modules.trainer_callbacks import callbacks_of


class HeldStopping:
    """Early stopping by the metric that thaws layers, put off until all are thawed.

    Both wait for the same metric to stall. So early stopping has no end of patience while layers are frozen, and begins
    to count when the last one has begun to train. It still stops at what is not finite, or at its thresholds.
    """

    def __init__(self) -> None:
        self._patience: dict[EarlyStopping, int] = {}

    def hold(self, trainer: pl.Trainer, monitor: str | None) -> None:
        """Let all those wait that stop at this `monitor`."""
        for callback in callbacks_of(trainer):
            if isinstance(callback, EarlyStopping) and callback.monitor == monitor:
                self._patience[callback] = callback.patience
                callback.patience = sys.maxsize

    def release(self) -> None:
        """Let them count from here on."""
        for callback, patience in self._patience.items():
            callback.patience, callback.wait_count = patience, 0
        self._patience = {}


def never_thawed(
    trainer: pl.Trainer, monitor: str | None, at: list[int], patience: int, thawed: int, layers: int
) -> int:
    """How many layers will not train in this run, whatever the metric does. 0 if nobody can know.

    Args:
        trainer: Has the run.
        monitor: The metric that thaws a layer when it stalls; None if epochs do.
        at: The layers' epochs.
        patience: Of how many measurements a stall consists.
        thawed: How many layers train now.
        layers: All of them.
    """
    run = run_of(trainer, "epoch")
    begun = run.begun
    if begun is None or begun <= trainer.current_epoch:
        return 0
    if monitor is None:
        return sum(epoch >= begun for epoch in at)
    # Once an epoch at most, the first is the one to beat, and some training has to follow the last.
    measured = expected(trainer, monitor, run.until(begun - 1))
    if measured is None or thawed:
        return 0
    stalls = max(min(measured, begun - 1) - 1, 0) // patience
    return max(layers - stalls, 0)
