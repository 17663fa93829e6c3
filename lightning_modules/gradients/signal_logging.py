"""Signal while training: every n steps, what flows through the layers goes to the loggers.

`signal` sends a batch through a copy of a model. Here it is the training itself that is watched, in one step of n:
the outputs of the batch that the step is made on, and the gradient that the optimizer is about to use.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from typing import Any

import pytorch_lightning as pl
from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.gradients.signal import Watch
from lightning_modules.gradients.signal_report import LayerSignal, SignalReport
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.module_names import refuse_string, uncompiled
from lightning_modules.settings import settings

_MEASURES = [field.name for field in fields(LayerSignal) if field.name not in ("name", "kind", "shape")]


class LogSignal(LifeCycle):
    """Log what every layer gives out, and the gradient of its weights, in one step of `every`.

    All loggers of the Trainer get it, as `signal/<layer>/<measure>`, at the step that its other values have;
    `signal/<layer>-2/…` is the second call of a layer in a step. Without a logger, `report` has the last of it.

    With accumulated batches, outputs are those of the last one and the gradient is that of the step. It is taken where
    this stands among callbacks: before those that clip, it is the unclipped one. Of several optimizers it is the first
    that steps. Only the first process of several measures and logs; in that step a compiled network runs as it was
    written.

    >>> LogSignal(every=50, measures=["std", "dead"])
    LogSignal(every=50, measures=['std', 'dead'])

    Args:
        every: Of how many steps one is watched; the first one is.
        measures: What to log, out of the attributes of `LayerSignal`; what a layer has not is left out.

    Attributes:
        report: What the last step that was watched has shown, a `SignalReport`; None before the first.

    Raises:
        TypeError: If `measures` is a string.
        ValueError: If `every` is not at least 1, or if there is no such measure.
        MisconfigurationException: When training starts, if the strategy gives each process a part of the weights.
    """

    def __init__(
        self, every: int = 100, measures: Sequence[str] = ("std", "dead", "saturated", "gradient_norm")
    ) -> None:
        refuse_string("measures", measures)
        if every < 1:
            raise ValueError(f"every must be at least 1 step, got {every}.")
        unknown = [name for name in measures if name not in _MEASURES]
        if unknown or not measures:
            raise ValueError(f"measures are out of {', '.join(_MEASURES)}; got {list(measures)}.")
        self.every = every
        self.measures = list(measures)
        self._watch: Watch | None = None
        self._taken: SignalReport | None = None
        self._open = ExitStack()
        self.forget()

    __repr__ = settings

    def forget(self) -> None:
        """Begin without a report."""
        self.report: SignalReport | None = None

    def release(self) -> None:
        """Watch no more."""
        self._open.close()
        self._watch = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies that this cannot work with."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "weights")

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin to watch, if it is time."""
        self._taken = None
        if trainer.is_global_zero and _step(trainer) % self.every == 0:
            self._watch = Watch(pl_module)
            self._open.enter_context(uncompiled())
            self._open.enter_context(self._watch)

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Watch no further: what is computed again in a backward pass would be seen twice."""
        self._open.close()

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Look at the gradients."""
        if self._watch is None or self._taken is not None:
            return
        self._open.close()
        held = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        gradients = {id(p): p.grad.to_dense() if p.grad.is_sparse else p.grad for p in held}
        self._taken = SignalReport(self._watch.rows(gradients))

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Hand the loggers what was seen, if the batch has ended with a step."""
        self.release()
        if self._taken is None:
            return
        has_loss = isinstance(outputs, Mapping) and isinstance(outputs.get("loss"), Tensor)
        # Lightning hands it over as it was scaled for accumulating gradients.
        loss = outputs["loss"].item() * trainer.accumulate_grad_batches if has_loss else None
        self.report = replace(self._taken, loss=loss)
        values = {
            f"signal/{row.name.replace(' (', '-').strip('()')}/{measure}": value
            for row in self.report
            for measure in self.measures
            if (value := getattr(row, measure)) is not None
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=_step(trainer))


def _step(trainer: pl.Trainer) -> int:
    """How many batches have ended with a step: what Lightning logs by, however many optimizers step in each."""
    return trainer.fit_loop.epoch_loop._batches_that_stepped
