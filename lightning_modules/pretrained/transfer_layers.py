"""The layers that thaw one after the other: which parameters each has, and what cannot be thawed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.callbacks import BaseFinetuning
from torch import nn
from torch.nn.parameter import is_lazy

from lightning_modules.gradients.batch_norm import FreezeBatchNorm, batch_norms
from lightning_modules.module_names import as_written, modules_by_name, parameters_by_name
from lightning_modules.optimizers.stepping import calls_hooks, stepping
from lightning_modules.trainer_callbacks import callbacks_of
from lightning_modules.wildcards import Layers, has_wildcards, spread


@dataclass
class Layer:
    """One of them.

    Attributes:
        label: How it was called.
        parameters: Those that train once it is thawed.
        norms: The names of its batch normalizations.
        factor: What its rate is multiplied by.
        step_factor: The same, and None while it is frozen.
        drops: Whether gradients are found for it that have to be dropped.
        holding: What holds its batch normalizations in evaluation mode.
    """

    label: str
    parameters: list[nn.Parameter]
    norms: list[str]
    factor: float = 1.0
    step_factor: float | None = None
    drops: bool = False
    holding: FreezeBatchNorm | None = field(default=None, repr=False)

    def freeze(self, drops: bool) -> None:
        """Let these parameters stay as they are; `drops` if gradients are still to be found for them."""
        self.step_factor = None
        self.drops = drops
        if not drops:
            for parameter in self.parameters:
                parameter.requires_grad_(False)

    def thaw(self) -> None:
        """Let them train."""
        self.step_factor = self.factor
        self.drops = False
        for parameter in self.parameters:
            parameter.requires_grad_(True)


def layers_of(trainer: pl.Trainer, pl_module: pl.LightningModule, named: Layers) -> list[Layer]:
    """The layers of these names, from the top down; what two of them share belongs to the upper one.

    Args:
        trainer: Whose optimizers are to move them.
        pl_module: The model.
        named: Names of submodules or parameters, with or without wildcards, or lists of names.

    Raises:
        MisconfigurationException: If one cannot be thawed, or an optimizer cannot be told what is frozen.
    """
    for optimizer in (one for made in trainer.optimizers for one in stepping(made)):
        _check_optimizer(optimizer)
    modules = dict(modules_by_name(pl_module))
    alone = dict(parameters_by_name(pl_module, remove_duplicate=False))
    taken: set[int] = set()
    held: set[str] = set()
    layers = []
    for label, names in spread(named, _trained(modules)):
        parameters: dict[str, nn.Parameter] = {}
        for name in names:
            written = as_written(name)
            if written in modules:
                inside = {f"{name}.{own}": p for own, p in parameters_by_name(modules[written])}
            elif written in alone:
                inside = {name: alone[written]}
            else:
                raise MisconfigurationException(_unknown(pl_module, name))
            for own, parameter in inside.items():
                if id(parameter) not in taken and parameter.requires_grad:
                    parameters[own] = parameter
                    taken.add(id(parameter))
        _check_parameters(trainer, label, parameters)
        submodules = [name for name in names if as_written(name) in modules]
        norms = [name for name in batch_norms(pl_module, submodules) if name not in held]
        held.update(norms)
        layers.append(Layer(label, list(parameters.values()), norms))
    return layers


def _trained(modules: dict[str, nn.Module]) -> list[str]:
    """What a pattern may match, from the bottom up: submodules and parameters that have something to train."""
    names: list[str] = []
    for name, module in modules.items():
        if name and any(p.requires_grad for p in module.parameters()):
            names.append(name)
        own = module.named_parameters(name, recurse=False)
        names += [as_written(parameter) for parameter, p in own if p.requires_grad]
    return names


def _unknown(pl_module: pl.LightningModule, name: str) -> str:
    some = ", ".join(dict.fromkeys(n.rpartition(".")[0] for n, _ in parameters_by_name(pl_module)))
    kinds = "submodule or parameter"
    what = f"further {kinds} that {name!r} matches" if has_wildcards(name) else f"{kinds} {name!r}"
    return f"{type(pl_module).__name__} has no {what}. Those with parameters are {some}."


def _check_optimizer(optimizer: torch.optim.Optimizer) -> None:
    if isinstance(optimizer, torch.optim.LBFGS):
        raise MisconfigurationException(
            "LBFGS has one rate for all parameters. Use another optimizer, or leave GradualUnfreezing out."
        )
    if not calls_hooks(optimizer):
        raise MisconfigurationException(
            f"{type(optimizer).__name__} calls no hooks at its steps, and hides the optimizer that makes them. "
            "Let it hold that as an attribute, or leave GradualUnfreezing out."
        )


def _check_parameters(trainer: pl.Trainer, label: str, parameters: dict[str, nn.Parameter]) -> None:
    if not parameters:
        others = [type(o).__name__ for o in callbacks_of(trainer) if isinstance(o, BaseFinetuning)]
        way = f"Leave {others[0]} out, which freezes and thaws by itself." if others else "Leave it out."
        raise MisconfigurationException(
            f"{label} has no parameter to train: none at all, only such with requires_grad=False, "
            f"or only such as belong to a layer named before it. {way}"
        )
    lazy = [name for name, parameter in parameters.items() if is_lazy(parameter)]
    if lazy:
        raise MisconfigurationException(
            f"{', '.join(lazy)} belong to a lazy layer and have no numbers yet. Call the model once, with a "
            "batch, before training."
        )
    lacking = _not_held(trainer.optimizers, parameters)
    if lacking:
        raise MisconfigurationException(
            f"No optimizer holds {', '.join(lacking)}. configure_optimizers must hand over all parameters; "
            "GradualUnfreezing keeps those from training that are frozen."
        )


def _not_held(optimizers: Sequence[torch.optim.Optimizer], parameters: dict[str, nn.Parameter]) -> list[str]:
    held = {id(p) for o in optimizers for group in o.param_groups for p in group["params"]}
    return [name for name, parameter in parameters.items() if id(parameter) not in held]
