"""How a Trainer says that it only tries something out, which may take it through its data several times."""

import pytorch_lightning as pl

from lightning_modules.trainer_callbacks import callbacks_of


class TrialRun(pl.Callback):
    """Marks such a Trainer: schedules are sized and not checked, and nothing that comes with an epoch is due."""


def is_trial(trainer: pl.Trainer) -> bool:
    """Whether the Trainer only tries something out: it is marked, runs with `fast_dev_run`, or trains on nothing.

    Args:
        trainer: Any.
    """
    return (
        bool(getattr(trainer, "fast_dev_run", False))
        or trainer.limit_train_batches == 0
        or any(isinstance(callback, TrialRun) for callback in callbacks_of(trainer))
    )
