"""What can be read from a module, its optimizers and its Trainer, without training."""

from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning import callbacks as theirs
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd

from lightning_modules.doctor.record import Facts
from lightning_modules.gradients.gradient_clipping import ClipGradientNorm
from lightning_modules.normalizations import NORMALIZATIONS
from lightning_modules.recipes.conflicts import conflicts
from lightning_modules.trainer_callbacks import callbacks_of

_ACTS_OTHERWISE = (_BatchNorm, _DropoutNd, nn.RNNBase)


def read_before(trainer: pl.Trainer, model: pl.LightningModule) -> Facts:
    """Before the first step."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    facts = Facts(parameters=_count(trained))
    facts.frozen = _count(parameter for parameter in model.parameters() if not parameter.requires_grad)
    modules = list(model.modules())
    facts.batch_norms = sum(isinstance(module, _BatchNorm) for module in modules)
    facts.dropout = max(
        (float(module.p) for module in modules if isinstance(module, _DropoutNd)), default=0.0
    )
    facts.alpha_dropout = sum("Alpha" in conflict.combination for conflict in conflicts(model))
    facts.double_norms = sum(
        isinstance(one, NORMALIZATIONS) and isinstance(other, NORMALIZATIONS)
        for module in modules
        if isinstance(module, nn.Sequential)
        for one, other in pairwise(module)
    )
    _read_optimizers(facts, trainer)
    _read_length(facts, trainer)
    return facts


def _read_optimizers(facts: Facts, trainer: pl.Trainer) -> None:
    facts.optimizers = len(trainer.optimizers)
    if trainer.optimizers:
        facts.optimizer = type(trainer.optimizers[0]).__name__
    for config in trainer.lr_scheduler_configs[:1]:
        facts.schedule = type(config.scheduler).__name__
        facts.schedule_every = config.interval
        facts.schedule_length = schedule_length(config.scheduler)


def schedule_length(scheduler: Any) -> int:
    """After how many of its steps a schedule says that it ends, or first acts; 0 if it does not say.

    >>> sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    >>> schedule_length(torch.optim.lr_scheduler.StepLR(sgd, step_size=30))
    30

    Args:
        scheduler: Any.
    """
    for name in ("total_steps", "total_iters", "T_max", "T_0", "step_size"):
        value = getattr(scheduler, name, None)
        if isinstance(value, int) and value > 0:
            return value
    milestones = getattr(scheduler, "milestones", None)
    return int(min(milestones)) if milestones else 0


def _read_length(facts: Facts, trainer: pl.Trainer) -> None:
    facts.clip_norm = float(trainer.gradient_clip_val or 0.0)
    if str(getattr(trainer, "gradient_clip_algorithm", "norm") or "norm") == "value":
        facts.clip_norm = 0.0
    for callback in callbacks_of(trainer):
        if isinstance(callback, ClipGradientNorm):
            facts.clip_norm = float(callback.max_norm)
        if isinstance(callback, theirs.EarlyStopping):
            facts.patience = callback.patience
    facts.accumulate = trainer.accumulate_grad_batches
    facts.expected_epochs = max(trainer.max_epochs or 0, 0)
    batches = trainer.num_training_batches
    if isinstance(batches, int) and facts.expected_epochs:
        facts.expected_steps = -(-batches // facts.accumulate) * facts.expected_epochs
    if trainer.max_steps > 0:
        known = facts.expected_steps or trainer.max_steps
        facts.expected_steps = min(known, trainer.max_steps)


def listed_layers(model: nn.Module) -> Iterator[nn.Module]:
    """Layers that stand in a plain list, tuple or dictionary, where torch does not see them."""
    seen = {id(module) for module in model.modules()}
    for module in model.modules():
        for name, value in vars(module).items():
            if name.startswith("_") or isinstance(value, nn.Module):
                continue
            parts = value.values() if isinstance(value, dict) else value
            if isinstance(parts, str | torch.Tensor) or not isinstance(value, list | tuple | dict):
                continue
            for part in parts:
                if isinstance(part, nn.Module) and id(part) not in seen:
                    seen.add(id(part))
                    yield part


def identical_layers(model: nn.Module, used: Collection[int]) -> list[str]:
    """The names of weights of which all units are the same, among those that are `used`, by their identities."""
    return [
        name
        for name, parameter in model.named_parameters()
        if id(parameter) in used
        and parameter.requires_grad
        and parameter.ndim > 1
        and parameter.layout == torch.strided
        and len(parameter) > 1
        and parameter[0].numel() > 0
        and bool((parameter.detach() == parameter.detach()[:1]).all())
    ]


def evaluating_parts(model: nn.Module) -> int:
    """How many modules that act otherwise in evaluation are in it, where the whole part that they are in is.

    A batch normalization that was frozen by itself has neighbors that train; that is on purpose.
    """
    count = 0
    for parent in model.modules():
        children = list(parent.children())
        if parent.training or any(child.training for child in children):
            continue
        if not any(parameter.requires_grad for parameter in parent.parameters()):
            continue
        count += sum(isinstance(child, _ACTS_OTHERWISE) for child in children)
    return count


def training_parts(model: nn.Module) -> int:
    """How many modules that act otherwise in evaluation are not in it."""
    return sum(module.training for module in model.modules() if isinstance(module, (_BatchNorm, _DropoutNd)))


def held_parameters(trainer: pl.Trainer) -> Iterator[nn.Parameter]:
    """What the optimizers hold, each once."""
    seen = set()
    for optimizer in trainer.optimizers:
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield parameter


def _count(parameters: Iterable[nn.Parameter]) -> int:
    return sum(parameter.numel() for parameter in parameters)
