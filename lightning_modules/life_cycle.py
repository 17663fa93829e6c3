"""One life cycle for the callbacks that keep something, or change something for the time of training.

- **fit**: what an earlier run has left is forgotten, unless this Trainer has trained already; then a checkpoint is taken
  over; when training ends, in an error too, what was changed is put back.
- **validate, test, predict**: nothing. Lightning restores callbacks from a checkpoint there too, but testing the best
  weights is not to cost the history of the training behind them.
"""

from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.trainer.states import TrainerFn

from lightning_modules.either_lightning import is_sharded


class LifeCycle(pl.Callback):
    """The base of the callbacks with a life cycle; a subclass says what it keeps and what it changes."""

    _stage: str | None = None

    def forget(self) -> None:
        """Keep nothing, as before the first training: another one begins, or a checkpoint is about to be taken over."""

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on where a checkpoint stands.

        Args:
            state: What `state_dict` has returned.
        """

    def release(self) -> None:
        """Put back what was changed for the time of training, and let go of its model; a second call does nothing."""

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Begin a training from nothing, unless this Trainer goes on with one."""
        self._stage = stage
        if stage != "fit":
            return
        self.release()  # Lightning does not tell this callback of an error if another one fails to hear of it
        if trainer.global_step == 0:
            self.forget()

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Make room for what the checkpoint holds of this callback, which may be nothing."""
        if trainer.state.fn == TrainerFn.FITTING:
            self.forget()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the checkpoint stands, if that is to be trained further."""
        if self._stage in (None, "fit"):
            self.take_over(state_dict)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Give everything back as it was."""
        self._end(stage)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Give everything back as it was."""
        self._end(trainer.state.fn)

    def _end(self, stage: str | None) -> None:
        self._stage = None
        if stage == "fit":
            self.release()


def refuse_shards(callback: pl.Callback, trainer: pl.Trainer, needs: str) -> None:
    """Raise a MisconfigurationException if the strategy gives each process a part of each tensor.

    Args:
        callback: Who asks, for the message.
        trainer: Whose strategy it is.
        needs: What the callback needs whole, such as "weights".
    """
    strategy = trainer.strategy
    if is_sharded(strategy):
        raise MisconfigurationException(
            f"{type(callback).__name__} needs whole {needs}, and {type(strategy).__name__} gives each process a part "
            "of them, flattened: which numbers belong to which unit or layer is lost. Use DDP."
        )
