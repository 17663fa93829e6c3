"""What the penalties' callbacks have in common: the weights that they act on, and the zeros that they make."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.optim import Optimizer

from lightning_modules.gradient_kinds import refuse_gradients
from lightning_modules.layer_weights import Weight, cannot_be_set
from lightning_modules.life_cycle import LifeCycle, refuse_shards
from lightning_modules.once_an_epoch import OnceAnEpoch
from lightning_modules.regularization.penalties_groups import module_types, penalized_weights
from lightning_modules.regularization.penalties_sparsity import check_not_negative, fraction_small
from lightning_modules.settings import settings
from lightning_modules.trainer_callbacks import callbacks_of


class Penalty(LifeCycle):
    """What all penalties have in common: how strong they are, and on which weights.

    Args:
        strength: λ.
        exempt: Types of modules whose weights are not penalized, besides biases and normalizations.

    Attributes:
        penalized: The names of the weights, once training has started.

    Raises:
        ValueError: If `strength` is not positive.
        TypeError: If `exempt` holds something else than types of modules.
        MisconfigurationException: When training starts, if there are no weights, or with FSDP or DeepSpeed.
    """

    def __init__(self, strength: float, exempt: Sequence[type[nn.Module]]) -> None:
        super().__init__()
        if not strength > 0:
            raise ValueError(
                f"strength must be positive, got {strength}. To train without the penalty, leave the callback out."
            )
        self.strength = strength
        self.exempt = module_types(exempt)
        self.penalized: tuple[str, ...] = ()
        self._weights: tuple[Weight, ...] = ()
        self._ids: frozenset[int] = frozenset()
        # Those of them that took part in a step of this training: what is frozen, such as a teacher, has no part in it.
        self._took_part: set[int] = set()

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies under which a process does not have whole weights."""
        super().setup(trainer, pl_module, stage)
        if stage == "fit":
            refuse_shards(self, trainer, "weights")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the weights."""
        super().on_train_start(trainer, pl_module)
        weights = penalized_weights(pl_module, self.exempt)
        if not weights:
            raise MisconfigurationException(
                f"{type(self).__name__} found no weights in {type(pl_module).__name__}, only biases and the like."
            )
        for weight in weights:
            obstacle = self.obstacle(weight)
            if obstacle is not None:
                raise MisconfigurationException(f"{type(self).__name__}: {weight.name} {obstacle}")
        self.penalized = tuple(weight.name for weight in weights)
        self._weights = tuple(weights)
        self._ids = frozenset(id(p) for weight in weights if weight.is_set_by_number for p in weight.sources)
        self._took_part = set()

    def obstacle(self, weight: Weight) -> str | None:
        """Why a `weight` cannot be penalized, and the way out; None where it can."""
        if weight.parameter is not None and not weight.parameter.requires_grad:
            return None  # it stays as it is
        obstacle = None if weight.parameter is None else cannot_be_set(weight.parameter)
        return None if obstacle is None else f"{obstacle}."

    __repr__ = settings

    def forget(self) -> None:
        """Know of no weights, as before the first training."""
        super().forget()
        self.penalized = ()

    def release(self) -> None:
        """Let go of the weights."""
        super().release()
        self._weights, self._ids, self._took_part = (), frozenset(), set()

    def _updated(self, group: dict[str, Any]) -> list[nn.Parameter]:
        """The penalized parameters of a parameter group that take part in the current step."""
        parameters = [p for p in group["params"] if id(p) in self._ids and p.grad is not None]
        self._took_part.update(map(id, parameters))
        return parameters


class GradientPenalty(Penalty, ABC):
    """A penalty whose slope is added to the gradient, before the step.

    Where a weight w is computed from other parameters θ, it is their gradient that gets (∂w/∂θ)ᵀ times the slope.
    """

    @abstractmethod
    def add_(self, weights: Sequence[nn.Parameter]) -> None:
        """Add the slope to the gradients of these `weights`, in place."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the weights, and refuse optimizers that would not see the penalty as it is."""
        super().on_train_start(trainer, pl_module)
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        for optimizer in trainer.optimizers:
            name = type(optimizer).__name__
            if isinstance(optimizer, torch.optim.LBFGS):
                raise MisconfigurationException(
                    f"LBFGS weighs the loss against its gradient, and {type(self).__name__} is in the gradient only. "
                    "Add the penalty to the loss in training_step."
                )
            if scaler is not None and getattr(optimizer, "_step_supports_amp_scaling", False):
                raise MisconfigurationException(
                    f"A fused {name} unscales the gradients of 16-mixed precision inside its step, so "
                    f"{type(self).__name__} would be scaled down. Use fused=False, or precision bf16-mixed."
                )

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Add the penalty's slope to the gradients that the optimizer is about to use."""
        super().on_before_optimizer_step(trainer, pl_module, optimizer)
        groups = [self._updated(group) for group in optimizer.param_groups]
        held = {id(p) for group in optimizer.param_groups for p in group["params"] if p.grad is not None}
        through = [
            (weight, sources)
            for weight in self._weights
            if not weight.is_set_by_number
            if (sources := [source for source in weight.sources if id(source) in held])
        ]
        acted_on = [p for group in groups for p in group] + [p for _, sources in through for p in sources]
        refuse_gradients(type(self).__name__, pl_module, acted_on)
        for weights in groups:
            self.add_(weights)
        for weight, sources in through:
            self._took_part.update(map(id, sources))
            self._add_through(weight, sources)

    def _add_through(self, weight: Weight, sources: Sequence[nn.Parameter]) -> None:
        with torch.enable_grad():
            value = weight.value()
        stand_in = nn.Parameter(value.detach())
        stand_in.grad = torch.zeros_like(stand_in)
        self.add_([stand_in])
        slopes = torch.autograd.grad(value, sources, stand_in.grad, allow_unused=True)
        for source, slope in zip(sources, slopes, strict=True):
            if slope is not None and source.grad is not None:
                source.grad.add_(slope)


class SparsePenalty(Penalty):
    """Logs, per epoch, how many of the weights that train the penalty has made 0, or small.

    Args:
        strength: λ.
        small: The largest absolute value that counts as small.
        exempt: Types of modules whose weights are not penalized, besides biases and normalizations.

    Raises:
        ValueError: If `strength` is not positive, or `small` is negative.
        TypeError: If `exempt` holds something else than types of modules.
        MisconfigurationException: When training starts, if there are no weights or two ℓ1 penalties, or with FSDP or
            DeepSpeed.
    """

    def __init__(self, strength: float, small: float, exempt: Sequence[type[nn.Module]]) -> None:
        super().__init__(strength, exempt)
        check_not_negative("small", small)
        self.small = small
        self._logged: OnceAnEpoch | None = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Refuse strategies under which a process does not have whole weights, and a second penalty of the kind."""
        super().setup(trainer, pl_module, stage)
        others = [other for other in callbacks_of(trainer) if isinstance(other, SparsePenalty)]
        if stage == "fit" and len(others) > 1:
            names = ", ".join(type(other).__name__ for other in others)
            raise MisconfigurationException(f"One ℓ1 penalty is enough, got {names}. Add their strengths.")

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the weights."""
        super().on_train_start(trainer, pl_module)
        weights = self._weights

        def fraction(below: float = 0.0) -> float:
            training = [
                weight
                for weight in weights
                if any(id(source) in self._took_part for source in weight.sources)
            ]
            return fraction_small((weight.value() for weight in training or weights), below)

        self._logged = OnceAnEpoch(
            {
                "weights/zero": fraction,
                "weights/small": partial(fraction, self.small),
            }
        )

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        if self._logged is not None:
            self._logged.begin()

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Log, once an epoch."""
        super().on_before_optimizer_step(trainer, pl_module, optimizer)
        if self._logged is not None:
            self._logged.log(trainer, pl_module)

    def release(self) -> None:
        """Let go of the weights."""
        super().release()
        self._logged = None
