"""What callbacks need that change weights after each optimizer step: to know that a step was really made.

`optimizer.register_step_post_hook` is called once per real step. Lightning's `on_train_batch_end` comes after every
batch, also where gradients are only accumulated; `on_before_zero_grad` comes before the step that it seems to follow;
and where a GradScaler leaves a step out, neither of them says so.
"""

from abc import ABC, abstractmethod
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.optimizers.stepping import hooked
from lightning_modules.settings import settings


class AfterStep(LifeCycle, ABC):
    """The base of callbacks that change weights after each step; a subclass says how.

    It acts while training, and takes its hooks away when training ends, in an error too. Sharded strategies and LBFGS
    are refused when training starts, as a `MisconfigurationException`.
    """

    def __init__(self) -> None:
        self._handles: list[RemovableHandle] = []

    @abstractmethod
    def after_step(self, optimizer: Optimizer) -> None:
        """Change the weights of this `optimizer`, which has just made a step. Called without gradients."""

    __repr__ = settings

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies under which a process does not have whole weights."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "weights")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to follow the optimizers."""
        for optimizer in trainer.optimizers:
            if isinstance(optimizer, torch.optim.LBFGS):
                raise MisconfigurationException(
                    f"LBFGS compares gradients at the places that it has gone to, and {type(self).__name__} would "
                    f"move the weights away from them. Leave {type(self).__name__} out, or use another optimizer."
                )
        self.release()
        self._handles = [
            one.register_step_post_hook(self._stepped)
            for optimizer in trainer.optimizers
            for one in hooked(optimizer)
        ]

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let the optimizers go."""
        self.release()

    def release(self) -> None:
        """Let the optimizers go."""
        super().release()
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @torch.no_grad()
    def _stepped(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        # A fused optimizer is called by the GradScaler in any case, and looks by itself whether to do nothing.
        overflow = getattr(optimizer, "found_inf", None)
        if overflow is None or not overflow.item():
            self.after_step(optimizer)
