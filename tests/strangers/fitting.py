"""Train a stranger's module with a piece of the library, in one of six circumstances."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import conv_net
import pytorch_lightning as pl
import token_net
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor

EPOCHS = 3

STRANGERS: dict[str, tuple[ModuleType, type[pl.LightningModule]]] = {
    "images": (conv_net, conv_net.ConvNet),
    "tokens": (token_net, token_net.TokenNet),
}

PLAIN, ACCUMULATED, BF16, RESUMED, TWO_PROCESSES = "plain", "accumulated", "bf16", "resumed", "two processes"
LIGHTNING = "lightning"

CIRCUMSTANCES: dict[str, Callable[[], dict[str, Any]]] = {
    PLAIN: dict,
    ACCUMULATED: lambda: {"accumulate_grad_batches": 2},
    BF16: lambda: {"precision": "bf16-mixed"},
    RESUMED: dict,
    TWO_PROCESSES: lambda: {"devices": 2, "strategy": DDPStrategy(process_group_backend="gloo")},
    LIGHTNING: dict,
}
"""By name, what the stranger's Trainer is given besides."""

_ENDS_OF_BARE: dict[tuple[str, str], dict[str, Tensor]] = {}


class SeedEachBatch(pl.Callback):
    """Lightning's checkpoints hold no random numbers: by its dropout a resumed run would differ from a whole one."""

    def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
        torch.manual_seed(1000 * trainer.current_epoch + batch_idx)


@dataclass
class Fit:
    """What a piece is tried on: a stranger, and how that is trained.

    Attributes:
        stranger: "images" or "tokens".
        circumstance: One of `CIRCUMSTANCES`.
        keep: Where to keep a checkpoint of each epoch.
        resume: The checkpoint to go on from.
        model: What was trained last.
    """

    stranger: str
    circumstance: str = PLAIN
    keep: Path | None = None
    resume: Path | None = None
    model: pl.LightningModule | None = field(default=None, init=False)

    def new(self, configure: Callable[[pl.LightningModule, Any], Any] | None = None) -> pl.LightningModule:
        """The stranger's module; `configure(module, optimizer)` stands for an edited `configure_optimizers`."""
        kind = STRANGERS[self.stranger][1]
        if configure is not None:
            theirs = kind.configure_optimizers
            kind = type(
                kind.__name__, (kind,), {"configure_optimizers": lambda self: configure(self, theirs(self))}
            )
        torch.manual_seed(0)
        return kind()

    def trainer_arguments(self) -> dict[str, Any]:
        """What the circumstance asks of a Trainer."""
        return {"accelerator": "cpu", "devices": 1} | CIRCUMSTANCES[self.circumstance]()

    def loaders(self):
        """The stranger's loaders, for training and for validation."""
        return STRANGERS[self.stranger][0].loaders()

    def inputs(self) -> Tensor:
        """A batch of inputs."""
        batch = next(iter(self.loaders()[1]))
        return batch["tokens"] if isinstance(batch, dict) else batch[0]

    def train(self, model: pl.LightningModule, *callbacks: pl.Callback, trainer=pl.Trainer) -> pl.Trainer:
        """Fit as a stranger does, with a Trainer of their own."""
        callbacks = [SeedEachBatch(), *callbacks]
        if self.keep:
            callbacks.append(ModelCheckpoint(self.keep, filename="{epoch}", save_top_k=-1))
        made = trainer(
            max_epochs=EPOCHS,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            enable_checkpointing=self.keep is not None,
            callbacks=callbacks,
            **self.trainer_arguments(),
        )
        torch.manual_seed(1)
        self.model = model
        made.fit(model, *self.loaders(), ckpt_path=self.resume)
        return made

    def bare(self) -> dict[str, Tensor]:
        """The state in which the stranger's training ends without any piece."""
        key = self.stranger, self.circumstance
        if key not in _ENDS_OF_BARE:
            alone = Fit(self.stranger, self.circumstance)
            model = alone.new()
            alone.train(model)
            _ENDS_OF_BARE[key] = {name: value.clone() for name, value in model.state_dict().items()}
        return _ENDS_OF_BARE[key]


def parameters(model: torch.nn.Module) -> dict[str, Tensor]:
    """Copies of a model's parameters by name."""
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
