"""Initialization as a callback: once, when a model is trained for the first time."""

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities import rank_zero_info
from torch import nn

from lightning_modules.gradients.activations import Scheme
from lightning_modules.gradients.initialization import initialize
from lightning_modules.gradients.initialization_report import Distribution, InitializationReport
from lightning_modules.gradients.trained import trained_parameter
from lightning_modules.life_cycle import LifeCycle
from lightning_modules.settings import settings

_MARK = "_was_initialized"
"""The attribute of a LightningModule that says so: copies and pickles have it too."""


class Initialize(LifeCycle):
    """Initialize the model when its first training begins; `initialize` says how.

    A run that resumes from a checkpoint keeps the weights that it has; so does a second `fit` of the same model or of a
    copy of it, by whatever Trainer and with whatever `Initialize`; and so does a model that was trained without it or
    made by `load_from_checkpoint`. That is known by the mark that this callback leaves on the model, an attribute, and
    else by its numbers: biases and normalizations that are neither constant nor as torch's constructors draw them. A
    model without both, whose weights were drawn by hand before they were trained, tells nothing, and is initialized:
    leave the callback out there.

    If the model has an `example_input_array`, a forward pass with it shows which activations follow.

    Args:
        scheme: As in `initialize`.
        distribution: As in `initialize`.
        activation: As in `initialize`.

    Attributes:
        report: What was done in this training; None if the weights were kept, and before the first training.

    Raises:
        MisconfigurationException: When training begins, if the model has no layers yet.
    """

    def __init__(
        self,
        scheme: Scheme | None = None,
        distribution: Distribution = "normal",
        activation: nn.Module | type[nn.Module] | None = None,
    ) -> None:
        self.scheme: Scheme | None = scheme
        self.distribution: Distribution = distribution
        self.activation = activation
        self.report: InitializationReport | None = None

    def forget(self) -> None:
        """Nothing is done yet; or a run is resumed, and its weights replace those drawn."""
        self.report = None

    __repr__ = settings

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Initialize, before a distributed strategy hands out the first process's weights."""
        super().setup(trainer, pl_module, stage)
        if stage != "fit" or _is_initialized(pl_module):
            return
        report = initialize(
            pl_module,
            self.scheme,
            self.distribution,
            activation=self.activation,
            example=pl_module.example_input_array,
        )
        if not report.rows:
            raise MisconfigurationException(
                f"Initialize found no layer in {type(pl_module).__name__}. "
                "If they are made in configure_model, call initialize(self) at its end instead of using the callback."
            )
        self.report = report
        setattr(pl_module, _MARK, True)


def _is_initialized(pl_module: pl.LightningModule) -> bool:
    if getattr(pl_module, _MARK, False):
        return True
    name = trained_parameter(pl_module)
    if name is not None:
        rank_zero_info(
            f"Initialize keeps the weights: those of {name} show that they were trained or loaded."
        )
    return name is not None
