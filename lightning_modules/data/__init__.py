"""Images in memory: `Digits` (no download), `FashionMNIST` (the real one), and the batches that feed a Trainer.

Names are imported when they are asked for, as in `lightning_modules` itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightning_modules.data.batches import InMemoryBatches
    from lightning_modules.data.digits import Digits
    from lightning_modules.data.fashion_mnist import FashionMNIST
    from lightning_modules.data.fashion_mnist_files import FashionMNISTDamaged, FashionMNISTUnavailable
    from lightning_modules.data.images import InMemoryImages
    from lightning_modules.data.splits import Split

_MODULE_OF = {
    "Digits": "digits",
    "FashionMNIST": "fashion_mnist",
    "FashionMNISTDamaged": "fashion_mnist_files",
    "FashionMNISTUnavailable": "fashion_mnist_files",
    "InMemoryBatches": "batches",
    "InMemoryImages": "images",
    "Split": "splits",
}

__all__ = [
    "Digits",
    "FashionMNIST",
    "FashionMNISTDamaged",
    "FashionMNISTUnavailable",
    "InMemoryBatches",
    "InMemoryImages",
    "Split",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
