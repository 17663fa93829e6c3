"""Several tensors that compute as one, so that an equation is written once and called once.

A step of an optimizer is a few operations on each of a network's tensors, and most of these are small: to call an
operation takes as long as to do it. torch's `_foreach` functions take a list in one call, and do to each tensor what its
method does, to the last bit. `Tensors` are such a list, with the methods' names.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor


class Tensors:
    """Tensors of any shapes, each operation on which is done to all of them.

    >>> parameters = Tensors([torch.tensor([1.0, 2.0]), torch.tensor(3.0)])
    >>> gradients = Tensors([torch.tensor([1.0, 1.0]), torch.tensor(2.0)])
    >>> parameters.add_(gradients, alpha=-0.5).tensors
    [tensor([0.5000, 1.5000]), tensor(2.)]

    As in torch, a method whose name ends with an underscore works in place, and an argument is either a plain number or
    another such list of as many tensors.

    Args:
        tensors: At least one; all of one type.

    Attributes:
        tensors: As a list.
    """

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        self.tensors = list(tensors)

    def add(self, other: "Tensors | float", alpha: float = 1) -> "Tensors":
        """Give x + α y, with y the `other`, a list, and α `alpha`; of a number y, x + y."""
        if isinstance(other, Tensors):
            return Tensors(torch._foreach_add(self.tensors, other.tensors, alpha=_number(alpha)))
        return Tensors(torch._foreach_add(self.tensors, _number(other)))

    def add_(self, other: "Tensors | float", alpha: float = 1) -> Self:
        """Make it x ← x + α y, with y the `other`, a list, and α `alpha`; of a number y, x ← x + y."""
        if isinstance(other, Tensors):
            torch._foreach_add_(self.tensors, other.tensors, alpha=_number(alpha))
        else:
            torch._foreach_add_(self.tensors, _number(other))
        return self

    def mul_(self, factor: float) -> Self:
        """Make it x ← x y with y the `factor`."""
        if self.tensors[0].dtype in (torch.float16, torch.bfloat16):
            # For a list torch rounds the factor to these first, which makes 1 of 0.999.
            for tensor in self.tensors:
                tensor.mul_(factor)
        else:
            torch._foreach_mul_(self.tensors, _number(factor))
        return self

    def lerp(self, end: "Tensors", weight: float) -> "Tensors":
        """Give (1 − w) x + w y, with y the `end` and w the `weight`."""
        return Tensors(torch._foreach_lerp(self.tensors, end.tensors, _number(weight)))

    def lerp_(self, end: "Tensors", weight: float) -> Self:
        """Make it x ← (1 − w) x + w y, with y the `end` and w the `weight`."""
        torch._foreach_lerp_(self.tensors, end.tensors, _number(weight))
        return self

    def addcmul_(self, first: "Tensors", second: "Tensors", value: float = 1) -> Self:
        """Make it x ← x + v y z, with y the `first`, z the `second`, and v the `value`."""
        torch._foreach_addcmul_(self.tensors, first.tensors, second.tensors, _number(value))
        return self

    def addcdiv_(self, first: "Tensors", second: "Tensors", value: float = 1) -> Self:
        """Make it x ← x + v y / z, with y the `first`, z the `second`, and v the `value`."""
        torch._foreach_addcdiv_(self.tensors, first.tensors, second.tensors, _number(value))
        return self

    def maximum_(self, other: "Tensors") -> Self:
        """Make it x ← max(x, y), with y the `other`."""
        torch._foreach_maximum_(self.tensors, other.tensors)
        return self

    def abs(self) -> "Tensors":
        """Give |x|."""
        return Tensors(torch._foreach_abs(self.tensors))

    def sqrt(self) -> "Tensors":
        """Give √x."""
        return Tensors(torch._foreach_sqrt(self.tensors))

    def sqrt_(self) -> Self:
        """Make it √x."""
        torch._foreach_sqrt_(self.tensors)
        return self

    def item(self) -> float:
        """The number that each of them is."""
        number: float = self.tensors[0].item()
        return number

    def __neg__(self) -> "Tensors":
        return Tensors(torch._foreach_neg(self.tensors))

    def __truediv__(self, divisor: float) -> "Tensors":
        return Tensors(torch._foreach_div(self.tensors, _number(divisor)))

    def __iadd__(self, summand: float) -> Self:
        # As a tensor it is made once; of a number torch makes one for each.
        torch._foreach_add_(self.tensors, torch.tensor(1.0), alpha=summand)
        return self

    def __imul__(self, factor: float) -> Self:
        return self.mul_(factor)


def _number(value: float) -> float:
    """A rate may be a tensor, which the methods of tensors take for the number in it."""
    return value.item() if isinstance(value, Tensor) else value
