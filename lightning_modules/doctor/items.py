"""Which items were seen: two numbers for each, by which it is known again."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

_MOST = 2048
_DIGITS = 8


class Items:
    """Items of training, and how many of validation are among them."""

    def __init__(self) -> None:
        self._known: set[tuple[float, float]] = set()
        self._weights: dict[int, Tensor] = {}
        self._drawn = self._repeated = 0
        self.shared = self.validated = 0

    def is_full(self) -> bool:
        """Whether enough of training are known."""
        return len(self._known) >= _MOST or self._drawn >= 2 * _MOST

    def train(self, inputs: Tensor, first_epoch: bool) -> None:
        """Note the items of a training batch.

        Args:
            inputs: Shape (n, ...).
            first_epoch: Whether no item should have come before.
        """
        keys = self._keys(inputs)
        if first_epoch:
            self._repeated += len(keys) - len(set(keys) - self._known)
        self._drawn += len(keys) if first_epoch else 0
        self._known.update(keys)

    def validate(self, inputs: Tensor) -> None:
        """Look for the items of a validation batch."""
        keys = self._keys(inputs)
        self.shared += sum(key in self._known for key in keys)
        self.validated += len(keys)

    @property
    def known(self) -> int:
        """How many different items of training."""
        return len(self._known)

    @property
    def repeated(self) -> float:
        """The share of training items that had been seen before in the first epoch."""
        return self._repeated / self._drawn if self._drawn else 0.0

    @torch.no_grad()
    def _keys(self, inputs: Tensor) -> list[tuple[float, float]]:
        flat = inputs.detach().reshape(len(inputs), -1).double()
        size = flat.shape[1]
        if size not in self._weights:
            generator = torch.Generator().manual_seed(0)
            self._weights[size] = torch.randn(size, 2, generator=generator, dtype=torch.float64)
        # An item has the same sum in a batch of any size only to some digits.
        sums = (flat @ self._weights[size].to(flat.device)).tolist()
        return [(float(f"{one:.{_DIGITS}g}"), float(f"{other:.{_DIGITS}g}")) for one, other in sums]


def inputs_in(batch: Any, but: Tensor | None = None) -> Tensor | None:
    """The first tensor of a batch, which is taken for its inputs.

    >>> inputs_in({"tokens": torch.zeros(2, 3), "labels": torch.zeros(2)}).shape
    torch.Size([2, 3])

    Args:
        batch: What a loader gives.
        but: A tensor that is known to hold the targets.
    """
    if isinstance(batch, Tensor):
        return (
            batch
            if batch.layout == torch.strided and not batch.is_nested and not batch.is_complex()
            else None
        )
    parts = batch.values() if isinstance(batch, Mapping) else batch if isinstance(batch, list | tuple) else ()
    for part in parts:
        found = inputs_in(part, but)
        if found is not None and (but is None or found.data_ptr() != but.data_ptr()):
            return found
    return None
