"""Layers that are not seen as such: those of another library inside one module, and those that `torch.jit` has compiled.

Such a module is called as a whole. What looks at layers sees it as one, and says what it cannot do with those inside.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from lightning_modules.module_names import modules_by_name, parameters_by_name

_BATCH_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")


@dataclass(frozen=True)
class UnseenLayer:
    """One layer inside such a module.

    Attributes:
        name: What it is called there.
        kind: Its class.
        normalizes_batches: Whether it is a batch normalization.
        drops: Whether it drops numbers while training.
    """

    name: str
    kind: str
    normalizes_batches: bool
    drops: bool


class HidesLayers(nn.Module):
    """The base of modules with layers inside that are no modules of torch's."""

    @abstractmethod
    def unseen_layers(self) -> list[UnseenLayer]:
        """What is inside."""


def unseen_layers(model: nn.Module) -> Iterator[tuple[str, UnseenLayer]]:
    """All such layers of a model, each with what hides it: "body (KerasModule)".

    Args:
        model: Any module.
    """
    for name, module in modules_by_name(model):
        if isinstance(module, HidesLayers):
            for layer in module.unseen_layers():
                yield f"{name} ({type(module).__name__})" if name else type(module).__name__, layer
        elif isinstance(module, torch.jit.ScriptModule):
            kind = str(module.original_name)
            drops = "Dropout" in kind and getattr(module, "p", 1.0) > 0
            yield "a scripted module", UnseenLayer(name or "(model)", kind, kind in _BATCH_NORMS, drops)


def matrices_of_keras(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of Keras' layers, in a `KerasModule` or by themselves, whose units come last instead of first.

    Args:
        model: Any module.
    """
    found: dict[str, nn.Parameter] = {}
    for name, module in modules_by_name(model):
        kinds = {kind.__module__.partition(".")[0] for kind in type(module).__mro__}
        if isinstance(module, HidesLayers) or "keras" in kinds:
            inside = parameters_by_name(module)
            found |= {f"{name}.{own}" if name else own: p for own, p in inside if p.ndim > 1}
    return found
