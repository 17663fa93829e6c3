"""Lightning comes twice: `lightning` has the same classes as `pytorch_lightning`, and neither knows the other's.

Callbacks of this library are called by a Trainer of either package, and most functions are given modules of either.
What needs a Trainer, or is put into one as its module or data, is of one of the two; `with_lightning` makes that
`lightning`.
"""

from typing import Any

import pytorch_lightning as pl

_MET_IN_TRAINERS = {"LightningModule", "LightningDataModule", "Trainer"}
_SHARDING = {"FSDPStrategy", "ModelParallelStrategy", "DeepSpeedStrategy"}


def is_lightning_module(model: object) -> bool:
    """Whether it is a LightningModule of either package.

    >>> is_lightning_module(pl.LightningModule()), is_lightning_module(pl.LightningModule)
    (True, False)

    Args:
        model: Anything.
    """
    return isinstance(model, pl.LightningModule) or "LightningModule" in _bases_in_lightning(model)


def is_sharded(strategy: object) -> bool:
    """Whether a strategy, of either package, gives each process a part of each weight.

    >>> is_sharded(pl.strategies.FSDPStrategy()), is_sharded(pl.strategies.DDPStrategy())
    (True, False)

    Args:
        strategy: A Trainer's.
    """
    return not _SHARDING.isdisjoint(base.__name__ for base in type(strategy).__mro__)


def refuse_lightning(*things: Any) -> None:
    """Refuse what is of the package `lightning`, where this library's pieces are not.

    Args:
        *things: Modules, data modules and Trainers; whatever else there is passes.

    Raises:
        TypeError: If so.
    """
    if pl.__name__ != "pytorch_lightning":
        return
    for thing in things:
        if not _MET_IN_TRAINERS.isdisjoint(_bases_in_lightning(thing)):
            raise TypeError(
                f"{type(thing).__name__} is of the package lightning, and this library's pieces are of "
                "pytorch_lightning; neither takes the other's. Put `import lightning_modules.with_lightning` above all "
                "other imports, or import pytorch_lightning as pl."
            )


def _bases_in_lightning(thing: object) -> set[str]:
    return {base.__name__ for base in type(thing).__mro__ if base.__module__.startswith("lightning.pytorch.")}
