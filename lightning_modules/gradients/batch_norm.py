r"""Frozen batch normalization: keep the running statistics as they are, and use them while training.

In training, `nn.BatchNorm1d` and its kin normalize with the mean m and variance v of the batch, and move their running
statistics μ and σ² towards them; in evaluation they use the running statistics:

    train    y = γ (x − m) / √(v + ε) + β      μ ← (1 − a) μ + a m,   σ² ← (1 − a) σ² + a v n / (n − 1)
    eval     y = γ (x − μ) / √(σ² + ε) + β

with x one number of the input, γ and β the learned scale and shift, ε a small constant, a = `momentum` and n the
numbers that m and v are taken over. A pretrained network that is fine-tuned on little data, or in small
batches, is better served by the statistics that it has. `requires_grad=False` does not keep them: it freezes γ and
β, while μ and σ² go on moving. Only evaluation mode does, and any `model.train()` ends it.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML
2015. https://arxiv.org/abs/1502.03167
"""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.utils.hooks import RemovableHandle

from lightning_modules.life_cycle import LifeCycle
from lightning_modules.module_names import (
    as_written,
    is_within,
    modules_by_name,
    refuse_string,
    without_compiler,
)
from lightning_modules.settings import settings
from lightning_modules.unseen_layers import unseen_layers


def batch_norms(model: nn.Module, modules: Sequence[str] | None = None) -> dict[str, nn.Module]:
    """The normalizations of a model that have running statistics in evaluation, by name.

    All kinds of batch normalization, and instance normalization where it tracks statistics; one that does not has
    nothing to freeze.

    >>> body = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    >>> model = nn.Sequential(body, nn.LayerNorm(4), nn.BatchNorm1d(4))
    >>> list(batch_norms(model)), list(batch_norms(model, ["0"]))
    (['0.1', '2'], ['0.1'])

    Args:
        model: Any module.
        modules: Names of submodules to look into, as in `model.named_modules()`. None is the whole model.

    Raises:
        ValueError: If a name is not that of a submodule.
    """
    names = dict(modules_by_name(model))
    roots = None if modules is None else [as_written(name) for name in modules]
    for name in roots or ():
        if name not in names:
            known = ", ".join(child for child, _ in without_compiler(model).named_children())
            raise ValueError(f"{type(model).__name__} has no submodule {name!r}. Its children are {known}.")
    return {
        name: module
        for name, module in names.items()
        if _has_statistics(module) and (roots is None or any(is_within(name, root) for root in roots))
    }


class FreezeBatchNorm(LifeCycle):
    """Hold batch normalizations in evaluation mode while the rest of the model trains.

    Before each of their forward passes they are put into evaluation mode, whatever has switched the model to
    training. When training ends, they get back the mode that they had. A run that resumes is
    frozen in the same way, on the statistics of its checkpoint. `StochasticWeightAveraging` would measure statistics anew
    at the end: those that are frozen stay.

    >>> FreezeBatchNorm(modules=["backbone"], affine=True).affine
    True

    Args:
        modules: Names of the submodules whose normalizations are frozen, such as `["backbone"]`. None is the
            whole model.
        affine: Also freeze the learned scale γ and shift β for the time of training. They are frozen before
            optimizers are made and before processes are connected.

    Raises:
        TypeError: If `modules` is a string.
        MisconfigurationException: When training starts, if there is nothing to freeze, if a name is unknown, or
            if a normalization cannot be frozen: it is lazy, or it tracks no statistics.
    """

    def __init__(self, modules: Sequence[str] | None = None, affine: bool = False) -> None:
        refuse_string("modules", modules)
        self.modules = None if modules is None else list(modules)
        self.affine = affine
        self._hooks: list[RemovableHandle] = []
        self._modes: dict[nn.Module, bool] = {}
        self._statistics: dict[nn.Module, dict[str, Tensor]] = {}
        self._frozen: list[nn.Parameter] = []

    __repr__ = settings

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Freeze γ and β, if asked to, before the optimizer is made."""
        super().setup(trainer, pl_module, stage)
        if stage != "fit" or not self.affine:
            return
        for module in self._find(pl_module).values():
            for parameter in module.parameters(recurse=False):
                if parameter.requires_grad:
                    parameter.requires_grad_(False)
                    self._frozen.append(parameter)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Hold the normalizations in evaluation mode from here on."""
        # Not earlier: Trainer(sync_batchnorm=True) puts other modules in their place.
        norms = self._find(pl_module)
        untouched = [name for name, module in norms.items() if _is_as_made(module)]
        if untouched:
            rank_zero_warn(
                f"FreezeBatchNorm keeps the statistics that {', '.join(untouched)} had when made, mean 0 and "
                "variance 1: nothing is normalized. Freeze a model that was trained, or load its weights first."
            )
        for module in norms.values():
            self._modes.setdefault(module, module.training)
            _evaluate(module, ())
            self._statistics[module] = _statistics(module)
            self._hooks.append(module.register_forward_pre_hook(_evaluate))

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Hold modes and statistics where they are, whatever compiled graphs and other callbacks did to them.

        Graphs that were compiled before know of no hook, and `StochasticWeightAveraging` replaces statistics by new ones.
        """
        for module in self._modes:
            _evaluate(module, ())
        for module, kept in self._statistics.items():
            now = dict(module.named_buffers(recurse=False))
            if now["running_mean"] is not kept["running_mean"]:
                module.running_mean, module.running_var = kept["running_mean"], kept["running_var"]
                now["num_batches_tracked"].copy_(kept["num_batches_tracked"])

    def release(self) -> None:
        """Give the normalizations back as they were."""
        for hook in self._hooks:
            hook.remove()
        for module, was_training in self._modes.items():
            module.training = was_training
        for parameter in self._frozen:
            parameter.requires_grad_(True)
        self._hooks, self._modes, self._frozen, self._statistics = [], {}, [], {}

    def _find(self, pl_module: pl.LightningModule) -> dict[str, nn.Module]:
        try:
            norms = batch_norms(pl_module, self.modules)
        except ValueError as error:
            raise MisconfigurationException(f"FreezeBatchNorm(modules={self.modules}): {error}") from None
        for name, module in norms.items():
            if isinstance(module, _LazyNormBase):
                raise MisconfigurationException(
                    f"{name} is a {type(module).__name__}, which has no statistics to keep before its first batch. "
                    "Call the model once, or say its num_features."
                )
            if module.running_mean is None:
                raise MisconfigurationException(
                    f"{name} has track_running_stats=False and normalizes with each batch's own statistics, in "
                    "evaluation too. Leave it out with modules=, or make it with track_running_stats=True."
                )
        if not norms:
            place = "" if self.modules is None else f" in {', '.join(self.modules)}"
            unseen = [
                f"{layer.name} in {where}"
                for where, layer in unseen_layers(pl_module)
                if layer.normalizes_batches
            ]
            if unseen:
                raise MisconfigurationException(
                    f"FreezeBatchNorm cannot hold {', '.join(unseen)}. Set trainable = False of that layer, if it is "
                    "one of Keras', which then uses the statistics that it has."
                )
            raise MisconfigurationException(
                f"FreezeBatchNorm found no batch normalization{place} of {type(pl_module).__name__}. "
                "Leave the callback out; or make the layers in __init__, if configure_model makes them."
            )
        return norms


def _statistics(module: nn.Module) -> dict[str, Tensor]:
    """The running statistics themselves, which may be put in their place again, and how many batches they have seen."""
    found = dict(module.named_buffers(recurse=False))
    return {**found, "num_batches_tracked": found["num_batches_tracked"].clone()}


def _has_statistics(module: nn.Module) -> bool:
    """Whether evaluation mode is, or should be, another thing for this module than training mode."""
    if isinstance(module, _InstanceNorm):
        return bool(module.track_running_stats)
    return isinstance(module, _BatchNorm)


def _is_as_made(module: nn.Module) -> bool:
    """Whether the statistics are those that torch starts with; a loaded model may not have counted its batches."""
    state: dict[str, Any] = dict(module.named_buffers(recurse=False))
    return (
        not state["num_batches_tracked"].any()
        and not state["running_mean"].any()
        and bool((state["running_var"] == 1).all())
    )


def _evaluate(module: nn.Module, args: Any) -> None:
    """Of the normalization alone: a class that also drops and acts has modules for that, which go on training."""
    module.training = False
