"""What all gradient-clipping callbacks do: measure the norm, refuse what is not finite, clip, count and log.

Gradients are clipped in `on_before_optimizer_step`. There they are summed over all accumulated batches, averaged over
processes and, under mixed precision, unscaled.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, ClassVar, Literal, get_args

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_modules.gradient_kinds import refuse_gradients
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.module_names import parameters_by_name
from lightning_modules.once_an_epoch import OnceAnEpoch
from lightning_modules.settings import settings
from lightning_modules.trainer_callbacks import callbacks_of

NonFinite = Literal["raise", "skip"]


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm √(Σ g²) of all numbers in several tensors, in float32 or better.

    >>> global_norm([torch.tensor([1.0, 2.0]), torch.tensor([[2.0]])])  # 1 + 4 + 4 = 9
    tensor(3.)

    Args:
        gradients: At least one tensor, of any shapes.
    """
    # In half precision the norm of what is finite may not be.
    half = [gradient for gradient in gradients if gradient.dtype in (torch.float16, torch.bfloat16)]
    whole = [gradient for gradient in gradients if gradient.dtype not in (torch.float16, torch.bfloat16)]
    norms = [
        *(torch._foreach_norm(half, 2.0, torch.float32) if half else ()),
        *(torch._foreach_norm(whole, 2.0) if whole else ()),
    ]
    total: Tensor = torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device) for norm in norms]))
    return total


class GradientClipping(LifeCycle, ABC):
    """The base of the callbacks that clip gradients; a subclass says how.

    Logged are, per epoch, `gradient/norm`, the mean norm before clipping, `gradient/clipped`, the fraction of steps
    that were clipped, and `gradient/skipped`, the number of steps that were skipped. Loggers get the same names every
    `log_every_n_steps` steps: the norm of that step, and the other two since the last time.

    The norm is read from the device once a step, because it has to be known there whether to make the step.

    Args:
        non_finite: What to do if a gradient is infinite or not a number: "raise" stops the training before the
            step, "skip" leaves the step out, optimizer state included, and counts it.
        every_step: Also keep the norm of each step, as `norms`.

    Attributes:
        steps: How many times the optimizer was to step.
        clipped: How many of these steps were clipped.
        skipped: How many of them were skipped.
        norms: With `every_step`, the norm of each step before clipping.
        compares: Whether this clipping compares number with number, which complex ones do not allow.

    Raises:
        TypeError: In a step, before anything has changed, if a gradient is sparse, or complex where numbers are compared.
    """

    compares: ClassVar[bool] = False

    def __init__(self, non_finite: NonFinite = "raise", every_step: bool = False) -> None:
        if non_finite not in get_args(NonFinite):
            raise ValueError(f'non_finite must be "raise" or "skip", got {non_finite!r}.')
        self.non_finite = non_finite
        self.every_step = every_step
        self.forget()
        self._logged: OnceAnEpoch | None = None

    __repr__ = settings

    def measure(self, parameters: Sequence[nn.Parameter]) -> float:
        """The global norm of the gradients of these `parameters`, which all have one."""
        return global_norm([p.grad for p in parameters if p.grad is not None]).item()

    @abstractmethod
    def clip_(self, parameters: Sequence[nn.Parameter], norm: float) -> bool:
        """Clip, in place, the gradients of these `parameters`, and say whether that changed them.

        They have just been measured: `norm` is their global norm, and it is finite.
        """

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse what this callback cannot work with."""
        super().setup(trainer, pl_module, stage)
        if stage != "fit":
            return
        refuse_shards(self, trainer, "gradients")
        name = type(self).__name__
        if trainer.gradient_clip_val:
            raise MisconfigurationException(
                f"{name} and Trainer(gradient_clip_val={trainer.gradient_clip_val}) would both clip. Choose one."
            )
        others = [other for other in callbacks_of(trainer) if isinstance(other, GradientClipping)]
        if len(others) > 1:
            names = ", ".join(type(other).__name__ for other in others)
            raise MisconfigurationException(f"Only one callback can clip the gradients, got {names}.")
        if _scales(trainer) and self.non_finite == "raise":
            raise MisconfigurationException(
                f'Precision "16-mixed" finds its scale by letting gradients overflow now and then, and {name} '
                'would stop there. Use non_finite="skip", or "bf16-mixed", which needs no scale.'
            )

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Refuse optimizers whose gradients cannot be clipped."""
        for optimizer in trainer.optimizers:
            kind = type(optimizer).__name__
            if isinstance(optimizer, torch.optim.LBFGS):
                raise MisconfigurationException(
                    f"{kind} compares gradients with each other, and clipped ones would mislead it. "
                    f"Leave {type(self).__name__} out."
                )
            if _scales(trainer) and getattr(optimizer, "_step_supports_amp_scaling", False):
                raise MisconfigurationException(
                    f"A fused {kind} unscales the gradients of 16-mixed precision inside its step, so "
                    f"{type(self).__name__} would clip scaled ones. Use fused=False, or precision bf16-mixed."
                )
        self._logged = OnceAnEpoch({name: partial(self._of_epoch, name) for name in _NAMES}, logger=False)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        self._epoch = _Totals()
        if self._logged is not None:
            self._logged.begin()

    def forget(self) -> None:
        """Start counting anew, as each training from the beginning does."""
        self.steps = self.clipped = self.skipped = 0
        self.norms: list[float] = []
        self._epoch = _Totals()
        self._since_log = _Totals()
        self._last_norm = math.nan

    def release(self) -> None:
        """Let go of what was logged."""
        self._logged = None

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Clip the gradients that the optimizer is about to use."""
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if not parameters:
            return
        refuse_gradients(type(self).__name__, pl_module, parameters, complex_too=self.compares)
        norm = self.measure(parameters)
        is_finite = math.isfinite(norm)
        if not is_finite:
            if self.non_finite == "raise":
                raise FloatingPointError(_describe(pl_module, parameters, norm, trainer.global_step))
            for parameter in parameters:
                parameter.grad = None  # optimizers leave out what has no gradient
        was_clipped = is_finite and self.clip_(parameters, norm)
        self._count(norm, is_finite, was_clipped)
        if self._logged is not None:
            self._logged.log(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Hand the loggers what they get every `log_every_n_steps` steps."""
        if not self._since_log.steps or not trainer.loggers:
            return
        if not trainer._logger_connector.should_update_logs:
            return
        values = self._since_log.values() | {"gradient/norm": self._last_norm}
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.fit_loop.epoch_loop._batches_that_stepped)
        self._since_log = _Totals()

    def state_dict(self) -> dict[str, Any]:
        """Return the counts, those of the current epoch too, as plain values."""
        return {
            "steps": self.steps,
            "clipped": self.clipped,
            "skipped": self.skipped,
            "norms": self.norms,
            "epoch": asdict(self._epoch),
        }

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on from this `state`."""
        self.steps = state["steps"]
        self.clipped = state["clipped"]
        self.skipped = state["skipped"]
        self.norms = list(state["norms"])
        self._epoch = _Totals(**state["epoch"])

    def _count(self, norm: float, is_finite: bool, was_clipped: bool) -> None:
        self.steps += 1
        self.clipped += was_clipped
        self.skipped += not is_finite
        self._last_norm = norm
        self._epoch.add(norm, is_finite, was_clipped)
        self._since_log.add(norm, is_finite, was_clipped)
        if self.every_step:
            self.norms.append(norm)

    def _of_epoch(self, name: str) -> float:
        return self._epoch.values()[name]


_NAMES = ("gradient/norm", "gradient/clipped", "gradient/skipped")


@dataclass
class _Totals:
    steps: int = 0
    clipped: int = 0
    skipped: int = 0
    norms: float = 0.0

    def add(self, norm: float, is_finite: bool, was_clipped: bool) -> None:
        self.steps += 1
        self.clipped += was_clipped
        self.skipped += not is_finite
        if is_finite:
            self.norms += norm

    def values(self) -> dict[str, float]:
        finite = self.steps - self.skipped
        return {
            "gradient/norm": self.norms / finite if finite else math.nan,
            "gradient/clipped": self.clipped / self.steps,
            "gradient/skipped": float(self.skipped),
        }


def _scales(trainer: pl.Trainer) -> bool:
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return scaler is not None and scaler.is_enabled()


def _describe(
    pl_module: pl.LightningModule, parameters: Sequence[nn.Parameter], norm: float, step: int
) -> str:
    names = {id(parameter): name for name, parameter in parameters_by_name(pl_module)}
    bad = [
        names.get(id(p), "a parameter outside the module")
        for p in parameters
        if p.grad is not None and not p.grad.isfinite().all()
    ]
    if not bad:
        return (
            f"At step {step} every gradient is finite, but their norm is {norm}: it is too large for its precision. "
            "Lower the learning rate."
        )
    others = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
    return (
        f"At step {step} the gradient of {bad[0]}{others} is not finite. Lower the learning rate or look for the "
        'cause with Trainer(detect_anomaly=True); non_finite="skip" leaves such steps out and counts them.'
    )
