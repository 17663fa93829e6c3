"""Every technique for training deep neural networks, as Lightning modules.

`from lightning_modules import MLP` imports the file that defines `MLP` and no other (PEP 562).
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_modules.classifier import Classifier
    from lightning_modules.data.batches import InMemoryBatches
    from lightning_modules.data.digits import Digits
    from lightning_modules.data.fashion_mnist import FashionMNIST
    from lightning_modules.data.fashion_mnist_files import FashionMNISTDamaged, FashionMNISTUnavailable
    from lightning_modules.data.images import InMemoryImages
    from lightning_modules.data.splits import Split
    from lightning_modules.gradients.initialization import InitializationReport, Initialize, initialize
    from lightning_modules.history import History
    from lightning_modules.networks import MLP
    from lightning_modules.quiet import quiet_trainer

    __version__: str

_MODULE_OF = {
    "Classifier": "classifier",
    "Digits": "data.digits",
    "FashionMNIST": "data.fashion_mnist",
    "FashionMNISTDamaged": "data.fashion_mnist_files",
    "FashionMNISTUnavailable": "data.fashion_mnist_files",
    "History": "history",
    "InMemoryBatches": "data.batches",
    "InMemoryImages": "data.images",
    "InitializationReport": "gradients.initialization",
    "Initialize": "gradients.initialization",
    "MLP": "networks",
    "Split": "data.splits",
    "initialize": "gradients.initialization",
    "quiet_trainer": "quiet",
}

__all__ = [
    "MLP",
    "Classifier",
    "Digits",
    "FashionMNIST",
    "FashionMNISTDamaged",
    "FashionMNISTUnavailable",
    "History",
    "InMemoryBatches",
    "InMemoryImages",
    "InitializationReport",
    "Initialize",
    "Split",
    "initialize",
    "quiet_trainer",
]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    elif name == "__version__":
        value = metadata.version("lightning-modules")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value  # so that this function is asked only once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
