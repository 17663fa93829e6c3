"""Shift every seed that a program sets, without a change of its text: seed s becomes s + `by`.

What is replaced is what everything else calls: Python's `random`, NumPy's `seed`, `default_rng` and `RandomState`, and
torch's generators, where they are loaded.
So Lightning's `seed_everything` and scikit-learn's `random_state` are shifted too, once. torch's generator, which starts
from the same seed in each process, is shifted where no seed is set, too. A seed that is no whole number stays as it is.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from numbers import Integral
from typing import Any

_NUMPY, _TORCH = 2**32, 2**64  # one more than the largest seed of each


def shift(by: int) -> None:
    """Make every seed that is set from now on `by` larger; a module that is loaded later is not reached."""
    _shift_python(by)
    if "numpy" in sys.modules:
        _shift_numpy(by)
    if "torch" in sys.modules:
        _shift_torch(by)


def _moved(seed: Any, by: int, limit: int | None = None) -> Any:
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        return seed
    return (int(seed) + by) % limit if limit else int(seed) + by


def _shift_python(by: int) -> None:
    seed: Callable[..., None] = random.seed

    class Shifted(random.Random):
        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(_moved(a, by), version)

    random.seed = lambda a=None, version=2: seed(_moved(a, by), version)
    random.Random = Shifted  # type: ignore[misc]


def _shift_numpy(by: int) -> None:
    numpy: Any = sys.modules["numpy"].random
    plain_seed, default_rng, plain = numpy.seed, numpy.default_rng, numpy.RandomState

    def started(self: Any, seed: Any = None) -> None:
        plain.__init__(self, _moved(seed, by, _NUMPY))

    def seeded(self: Any, seed: Any = None) -> None:
        plain.seed(self, _moved(seed, by, _NUMPY))

    numpy.seed = lambda seed=None: plain_seed(_moved(seed, by, _NUMPY))
    numpy.default_rng = lambda seed=None: default_rng(_moved(seed, by))
    numpy.RandomState = _standing_for(plain, __init__=started, seed=seeded)


def _shift_torch(by: int) -> None:
    torch: Any = sys.modules["torch"]
    manual_seed, plain = torch.manual_seed, torch.Generator

    def of_all(seed: Any) -> Any:
        return manual_seed(_moved(int(seed), by, _TORCH))

    def of_one(self: Any, seed: Any) -> Any:
        return plain.manual_seed(self, _moved(int(seed), by, _TORCH))

    torch.manual_seed = torch.random.manual_seed = of_all
    of_all(torch.initial_seed())
    torch.Generator = _standing_for(plain, manual_seed=of_one)


def _standing_for(plain: Any, **methods: Callable[..., Any]) -> type:
    """A subclass with other methods; the objects that were made of `plain` before count as its own."""

    class StandsFor(type(plain)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, plain)

    made: type = StandsFor(plain.__name__, (plain,), methods)
    return made
