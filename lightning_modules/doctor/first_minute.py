"""The first minute: a short training under the doctor's eyes, of which nothing is left."""

import warnings
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException

from lightning_modules.doctor.diagnosis import Diagnosis, Finding
from lightning_modules.doctor.doctor import SURE, Doctor
from lightning_modules.either_lightning import refuse_lightning
from lightning_modules.quiet import quiet_trainer
from lightning_modules.trainer_callbacks import listed
from lightning_modules.trial_run import TrialRun, fit_and_undo

_FEWEST = 20
"""Fewer steps show nothing."""


class _Quiet(Doctor):
    """Says nothing while it looks: the diagnosis is what is returned."""

    def _tell(self, trainer: pl.Trainer, pl_module: pl.LightningModule, finding: Finding) -> None:
        """Nothing."""


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
    doctor = _Quiet(probe=True, ignore=["stopped-too-early"])
    fixed: dict[str, Any] = {"max_epochs": -1, "max_steps": steps, "num_sanity_val_steps": 0}
    clash = sorted(fixed.keys() & trainer_arguments.keys())
    if clash:
        raise ValueError(f"diagnose sets {', '.join(clash)} itself. Its length is `steps`.")
    callbacks = [doctor, TrialRun(), *listed(trainer_arguments.pop("callbacks", None))]
    trainer = quiet_trainer(**(trainer_arguments | fixed), callbacks=callbacks)
    if trainer.world_size > 1:
        raise MisconfigurationException(
            f"diagnose runs on one device, got {trainer.world_size}. Use devices=1."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ended = fit_and_undo(trainer, model, data)
    if ended is not None:
        is_explained = any(finding.sure >= SURE for finding in doctor.diagnosis)
        if not is_explained or not isinstance(ended, Exception):
            raise ended
        warnings.warn(f"Training ended with {type(ended).__name__}: {ended}", stacklevel=2)
    return doctor.diagnosis
