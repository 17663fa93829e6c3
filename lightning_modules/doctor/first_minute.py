"""The first minute: a short training under the doctor's eyes, of which nothing is left."""

import warnings
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities.seed import isolate_rng

from lightning_modules.doctor.diagnosis import Diagnosis
from lightning_modules.doctor.doctor import SURE, Doctor
from lightning_modules.either_lightning import refuse_lightning
from lightning_modules.quiet import quiet_trainer
from lightning_modules.schedules.snapshot import remember_data, snapshot
from lightning_modules.trial_run import TrialRun


def diagnose(model: pl.LightningModule, data: Any, steps: int = 300, **trainer_arguments: Any) -> Diagnosis:
    """Train for some steps, say what is wrong, and put everything back.

    A short run cannot show what comes late, such as overfitting or an end that comes too early. An error in training
    ends it; it is raised unless the doctor is sure of something, and then told in a warning. Afterwards the module is
    as it was: weights, gradients, statistics, metrics, modes, random numbers.

    >>> from functools import partial
    >>> import torch
    >>> from lightning_modules import MLP, Classifier, Digits
    >>> _ = torch.manual_seed(0)
    >>> diagnose(Classifier(MLP([64, 30, 10]), partial(torch.optim.SGD, lr=0.1)), Digits())
    Diagnosis(nothing found)
    >>> diagnose(Classifier(MLP([64, 30, 10]), partial(torch.optim.SGD, lr=1e-6)), Digits()).names[0]
    'rate-too-low'

    Args:
        model: Any LightningModule.
        data: What `Trainer.fit` takes: a data module or a loader.
        steps: The number of optimizer steps.
        **trainer_arguments: As in `quiet_trainer`, such as accelerator and precision; its length is `steps`.

    Raises:
        ValueError: If `steps` is not at least 20, or if the Trainer is given a length.
        TypeError: If the model or the data is of the package `lightning`; see `with_lightning`.
        MisconfigurationException: With several devices.
        Exception: What training raised, where nothing sure was found that may explain it.
    """
    refuse_lightning(model, data)
    if steps < _FEWEST:
        raise ValueError(f"diagnose needs at least {_FEWEST} steps, got {steps}. 300 is usual.")
    doctor = Doctor(probe=True, ignore=["stopped-too-early"])
    fixed: dict[str, Any] = {"max_epochs": -1, "max_steps": steps, "num_sanity_val_steps": 0}
    clash = sorted(fixed.keys() & trainer_arguments.keys())
    if clash:
        raise ValueError(f"diagnose sets {', '.join(clash)} itself. Its length is `steps`.")
    callbacks = trainer_arguments.pop("callbacks", None) or []
    listed = [callbacks] if isinstance(callbacks, pl.Callback) else list(callbacks)
    trainer = quiet_trainer(**(trainer_arguments | fixed), callbacks=[doctor, TrialRun(), *listed])
    if trainer.world_size > 1:
        raise MisconfigurationException(
            f"diagnose runs on one device, got {trainer.world_size}. Use devices=1."
        )
    undo_model, undo_data = snapshot(model.modules()), remember_data(data)
    said, ended = vars(model).get("print"), None
    try:
        with isolate_rng(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.print = _say_nothing  # type: ignore[method-assign]  # the diagnosis is what is returned
            trainer.fit(model, data)
    except Exception as error:
        ended = error
    finally:
        vars(model).pop("print", None)
        if said is not None:
            model.print = said  # type: ignore[method-assign]
        undo_model()
        undo_data()
    if ended is not None:
        if not any(finding.sure >= SURE for finding in doctor.diagnosis):
            raise ended
        warnings.warn(f"Training ended with {type(ended).__name__}: {ended}", stacklevel=2)
    return doctor.diagnosis


_FEWEST = 20


def _say_nothing(*args: Any, **kwargs: Any) -> None:
    """Nothing."""
