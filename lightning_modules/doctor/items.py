"""Which items were seen: two numbers for each, by which it is known again."""

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
