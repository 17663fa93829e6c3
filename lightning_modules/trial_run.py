"""A Trainer that only tries something out, which may take it through its data several times and leaves nothing."""

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.utilities.seed import isolate_rng

from lightning_modules.snapshot import Undo, remember_data, snapshot
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


def fit_and_undo(
    trainer: pl.Trainer, model: pl.LightningModule, data: Any, undo_more: Undo = lambda: None
) -> BaseException | None:
    """Train, then put the module, the data and random numbers back; what was raised is returned.

    Args:
        trainer: One that is marked as a `TrialRun`.
        model: What is trained.
        data: What `Trainer.fit` takes.
        undo_more: Called before the module is put back.

    Raises:
        ValueError: If the module is lazy, before anything is done.
    """
    undo_model, undo_data = snapshot(model.modules()), remember_data(data)
    error: BaseException | None = None
    with isolate_rng():
        try:
            trainer.fit(model, data)
        except BaseException as raised:  # isolate_rng puts random numbers back only where nothing is raised
            error = raised
        undo_more()
        undo_model()
        undo_data()
    return error
