"""The training doctor: what is wrong with a run, since when, how sure that is, and what to do.

It measures while the Trainer trains, and changes nothing. A cause is named only where the outcome is bad: where the loss
is no better than that of the best constant answer, rises, is NaN, or is well above what simple methods get of the same
items. Facts, such as a softmax before cross entropy, are named at once.
"""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any, Literal

import pytorch_lightning as pl
from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.doctor.diagnosis import Diagnosis, Finding
from lightning_modules.doctor.examination import examine
from lightning_modules.doctor.measuring import LOOKS_EVERY, Measuring
from lightning_modules.doctor.outcome import outcome_of
from lightning_modules.doctor.record import FIRST, Record, restored
from lightning_modules.doctor.rules import NAMES
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.module_names import refuse_string
from lightning_modules.settings import settings

SURE, _ALMOST_CERTAIN = 0.8, 0.9
_EARLY = 500
_HOPELESS = {
    "constant-inputs", "constant-labels", "foreign-parameters", "identical-units", "nan-inputs", "single-output",
}  # fmt: skip
"""Of these nothing can come, however long one waits."""


class Doctor(LifeCycle):
    """Say what is wrong with a run.

    It looks at the first steps, every 100 batches, later every 500, and at the end, prints one line for each finding
    when it is new, and gives loggers its sureness as `doctor/<name>`. Weights, random numbers, modes, hooks and
    metrics are as they would be without it. Of several processes the first one measures. What a compiled network
    computes inside is not seen. A checkpoint holds what was measured, and none of the items: a resumed run compares
    validation with the items that it sees itself.

    >>> Doctor(ignore=["overfitting"])
    Doctor(ignore=['overfitting'])
    >>> Doctor().diagnosis.names
    []

    Args:
        on: "stop" ends a run of which nothing can come: its loss is NaN, or a sure finding says why it learns nothing.
        ignore: Names of findings that are not wanted.
        probe: Also train a copy for some steps at a tenth and at ten times the rate when a run ends badly, on batches
            that were kept from its beginning, to tell whether the rate was at fault.

    Attributes:
        diagnosis: What was found so far, a `Diagnosis`.
        record: What was measured.
        stopped: Whether it has ended the run, as `on="stop"` lets it.

    Raises:
        TypeError: If `ignore` is a string.
        ValueError: If `on` is something else, or if there is no finding of a name in `ignore`.
        MisconfigurationException: When training starts, if the strategy gives each process a part of the weights.
    """

    def __init__(
        self, on: Literal["stop"] | None = None, ignore: Collection[str] = (), probe: bool = False
    ) -> None:
        refuse_string("ignore", ignore)
        if on not in (None, "stop"):
            raise ValueError(f'on must be "stop", or None to end no run, got {on!r}.')
        unknown = sorted(set(ignore) - set(NAMES))
        if unknown:
            raise ValueError(f"There is no finding {unknown[0]!r} to ignore; there are {', '.join(NAMES)}.")
        self.on = on
        self.ignore = list(ignore)
        self.probe = probe
        self._measuring: Measuring | None = None
        self.forget()

    __repr__ = settings

    def forget(self) -> None:
        """Begin with a healthy patient."""
        self.record = Record()
        self.diagnosis = Diagnosis()
        self.stopped = False
        self._said: set[str] = set()
        self._batches = 0

    def release(self) -> None:
        """Watch no more."""
        if self._measuring is not None:
            self._measuring.release()
            self._measuring = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_measuring": None}  # it holds a run's hooks

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies that this cannot work with."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "weights")

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Be there when validation is tried out, which may be where an error comes."""
        if trainer.is_global_zero:
            self._measuring = Measuring(self.record, self.probe)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to measure."""
        if self._measuring is not None:
            self._measuring.begin(trainer, pl_module)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Begin to watch a batch."""
        if self._measuring is not None:
            self._measuring.batch_starts(trainer, pl_module, batch)

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """The forward pass is over."""
        if self._measuring is not None:
            self._measuring.backward_starts(pl_module, loss)

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Gradients are there, and not clipped yet."""
        if self._measuring is not None:
            self._measuring.steps.before_clipping(optimizer)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep what was seen, and say what was found, if it is time."""
        self._batches += 1
        if self._measuring is not None:
            self._measuring.batch_ends(trainer, pl_module, outputs, batch)
        early = self._batches in (1, FIRST) or (self._batches <= _EARLY and self._batches % LOOKS_EVERY == 0)
        if early or self._batches % _EARLY == 0:
            self._look(trainer, pl_module)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin to watch a validation."""
        if self._measuring is not None:
            self._measuring.validating.starts(pl_module)

    def on_validation_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Watch the first batches."""
        if self._measuring is not None and dataloader_idx == 0:
            self._measuring.validating.batch_starts(pl_module, batch_idx, self._measuring.is_compiled)

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep what was seen, unless it was only tried out."""
        if self._measuring is not None:
            self._measuring.validating.batch_ends(pl_module, batch, keep=not trainer.sanity_checking)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep its means."""
        if self._measuring is not None and not trainer.sanity_checking:
            self._measuring.validating.ends()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Judge the whole run."""
        if self._measuring is not None:
            self._measuring.end(trainer, pl_module)
            self._examine(trainer, pl_module)
        self.release()

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Judge a run that an error has ended, which may be the first sign of a NaN or of a wrong label."""
        if self._measuring is not None and isinstance(exception, Exception):
            self._measuring.failed(trainer, pl_module, exception)
            self._examine(trainer, pl_module)
        super().on_exception(trainer, pl_module, exception)

    def state_dict(self) -> dict[str, Any]:
        """Return what was measured, as plain numbers and lists."""
        if self._measuring is not None:
            self._measuring.flush()
        return {"record": asdict(self.record), "said": sorted(self._said), "batches": self._batches}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on measuring."""
        self.record = restored(Record, state["record"])
        self._said, self._batches = set(state["said"]), state["batches"]
        self.diagnosis = examine(self.record, self.ignore)

    def _look(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self._measuring is not None:
            self._measuring.flush()
            self._measuring.look_back(pl_module)
            self._examine(trainer, pl_module)
        if self.on == "stop" and trainer.strategy.broadcast(self._is_hopeless()):
            trainer.should_stop = self.stopped = True

    def _examine(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.diagnosis = examine(self.record, self.ignore)
        for finding in self.diagnosis:
            if finding.name in self._said:
                continue
            self._said.add(finding.name)
            self._tell(trainer, pl_module, finding)

    def _tell(self, trainer: pl.Trainer, pl_module: pl.LightningModule, finding: Finding) -> None:
        """Print what was found, and log how sure that is; another class may do something else."""
        pl_module.print(f"Doctor: {finding}")
        for logger in trainer.loggers:
            logger.log_metrics({f"doctor/{finding.name}": finding.sure}, step=trainer.global_step)

    def _is_hopeless(self) -> bool:
        if self.record.nonfinite >= 0:
            return True
        if not self.diagnosis or self.record.batches < FIRST:
            return False
        first, outcome = self.diagnosis.findings[0], outcome_of(self.record)
        if first.name in _HOPELESS and first.sure >= _ALMOST_CERTAIN:
            return True
        return outcome.is_ripe and outcome.is_hopeless and first.sure >= SURE
