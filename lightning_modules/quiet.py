"""A Trainer that says nothing, for programs whose output is their own."""

import logging
import warnings
from typing import Any

import lightning_fabric
import pytorch_lightning as pl

from lightning_modules.either_lightning import refuse_lightning

# Lightning reports on both of these loggers. Its warnings still come through.
_CHATTY_LOGGERS = (pl.__name__, lightning_fabric.__name__)

_EXPECTED_WARNINGS = (
    # Raised by Lightning 2.6.6's own use of torch's pytrees, at the first batch.
    (r"`isinstance\(treespec, LeafSpec\)` is deprecated", FutureWarning),
    # Training on the CPU is this Trainer's default, on a machine with a GPU too.
    ("GPU available but not used", UserWarning),
)


class _QuietTrainer(pl.Trainer):
    """Evaluates without printing a table, unless asked to, and says what is wrong with the other package's modules.

    Of Lightning's arguments those are named here that stand before `verbose`; the rest, which differ between releases,
    is handed on, and that is no signature that mypy would take for the same.
    """

    def fit(self, model: Any, *arguments: Any, **options: Any) -> None:
        refuse_lightning(model, *arguments, *options.values())
        super().fit(model, *arguments, **options)

    def predict(self, model: Any = None, *arguments: Any, **options: Any) -> Any:
        refuse_lightning(model, *arguments, *options.values())
        return super().predict(model, *arguments, **options)

    def validate(  # type: ignore[override]  # the rest is in options
        self,
        model: Any = None,
        dataloaders: Any = None,
        ckpt_path: Any = None,
        verbose: bool = False,
        datamodule: Any = None,
        **options: Any,
    ) -> Any:
        refuse_lightning(model, dataloaders, datamodule)
        return super().validate(model, dataloaders, ckpt_path, verbose, datamodule, **options)

    def test(  # type: ignore[override]  # the rest is in options
        self,
        model: Any = None,
        dataloaders: Any = None,
        ckpt_path: Any = None,
        verbose: bool = False,
        datamodule: Any = None,
        **options: Any,
    ) -> Any:
        refuse_lightning(model, dataloaders, datamodule)
        return super().test(model, dataloaders, ckpt_path, verbose, datamodule, **options)


def hide_expected_warnings() -> None:
    """Filter, by their messages, warnings that Lightning raises about itself and that nobody can act on."""
    for message, category in _EXPECTED_WARNINGS:
        warnings.filterwarnings("ignore", message=message, category=category)


def quiet_trainer(**trainer_arguments: Any) -> pl.Trainer:
    """Make a Trainer without logger, checkpoints, progress bar, summary, messages and tables.

    It trains on one CPU unless told otherwise. From the first call on, Lightning's informative messages are
    off in the whole process, and so are two warnings that nobody can act on; all others are shown.

    >>> trainer = quiet_trainer(max_epochs=3)
    >>> trainer.max_epochs, trainer.logger is None, trainer.num_devices
    (3, True, 1)

    Args:
        **trainer_arguments: Anything that `pytorch_lightning.Trainer` takes; it wins over what is set here.
    """
    for name in _CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    hide_expected_warnings()
    quiet: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return _QuietTrainer(**(quiet | trainer_arguments))
