"""Early stopping: end training when the loss on new images no longer falls, and go back to where it was lowest.

Lightning's `EarlyStopping` ends training and leaves the weights of the last epoch, `patience` epochs past the best.

Prechelt, "Early Stopping - But When?", in "Neural Networks: Tricks of the Trade", Springer 1998.
https://doi.org/10.1007/3-540-49430-8_3
"""

from typing import Any, Literal

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason

from lightning_modules.best_weights import BestWeights, refuse_other_weights
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.settings import settings


class RestoringEarlyStopping(EarlyStopping, LifeCycle):
    """Lightning's `EarlyStopping`, after which the model has the weights of its best epoch.

    When training ends, in whatever way but an error, weights and buffers are put back as they were when the metric was
    best; checkpoints that are written before stay as they are. The copy is on the model's device, and in checkpoints,
    so that a resumed run can go back to an epoch before it.

    >>> stopping = RestoringEarlyStopping("val/loss", patience=10)
    >>> stopping.best_epoch is None  # nothing was trained yet
    True

    Args:
        monitor: The logged name of the metric.
        patience: After how many epochs without improvement in a row training ends.
        mode: Whether the metric is better when it is smaller, "min", or larger, "max".
        **others: Any other of `EarlyStopping`'s settings: `min_delta`, `check_finite`, ….

    Attributes:
        best_epoch: In which epoch, from 0, the metric was best; None before there is one.

    Raises:
        MisconfigurationException: When training starts, if the strategy gives each process a part of each weight, or if
            another callback decides what weights training ends with: one of Lightning's that averages or prunes.
    """

    def __init__(
        self, monitor: str, patience: int = 3, mode: Literal["min", "max"] = "min", **others: Any
    ) -> None:
        super().__init__(monitor, patience=patience, mode=mode, **others)
        self.best_epoch: int | None = None
        self._best = BestWeights()

    __repr__ = settings

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Begin a training from nothing, unless this Trainer goes on with one."""
        EarlyStopping.setup(self, trainer, pl_module, stage)
        LifeCycle.setup(self, trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "weights")
            refuse_other_weights(
                trainer, type(self).__name__, "Use Lightning's EarlyStopping, which restores none."
            )

    def forget(self) -> None:
        """Keep nothing, as before the first training."""
        self.best_epoch = None
        self._best = BestWeights()
        self.wait_count = self.stopped_epoch = 0
        self.stopping_reason, self.stopping_reason_message = EarlyStoppingReason.NOT_STOPPED, None
        self.best_score = torch.tensor(torch.inf if self.mode == "min" else -torch.inf)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the metric, and keep the weights if it was never better."""
        before = self.best_score
        super().on_train_epoch_end(trainer, pl_module)
        self._keep_if_better(before, trainer, pl_module)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the metric, and keep the weights if it was never better."""
        before = self.best_score
        super().on_validation_end(trainer, pl_module)
        self._keep_if_better(before, trainer, pl_module)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Go back to the best weights."""
        self._best.restore(pl_module)

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed run needs: `EarlyStopping`'s state and the best weights."""
        return {**super().state_dict(), "best_epoch": self.best_epoch, "best": self._best.state}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on where a checkpoint stands."""
        EarlyStopping.load_state_dict(self, state)
        self.best_epoch = state["best_epoch"]
        self._best.state = dict(state["best"])

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the checkpoint stands, if that is to be trained further."""
        LifeCycle.load_state_dict(self, state_dict)

    def _keep_if_better(
        self, before: torch.Tensor, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        # Processes whose metric is not the same in all go back to one epoch, the first one's best.
        if trainer.strategy.broadcast(self.best_score is not before):
            self.best_epoch = trainer.current_epoch
            self._best.keep(pl_module)
