"""Layers that torch does not see: those of another library, inside one module.

Such a module is called as a whole. What looks at layers sees it as one, and says what it cannot do with those inside.
"""

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from lightning_modules.module_names import modules_by_name


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
    """All such layers of a model, each with the name and class of the module that hides it: "body (KerasModule)".

    Args:
        model: Any module.
    """
    for name, module in modules_by_name(model):
        if isinstance(module, HidesLayers):
            for layer in module.unseen_layers():
                yield f"{name} ({type(module).__name__})" if name else type(module).__name__, layer
