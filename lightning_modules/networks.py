"""The network that the guide trains most: a stack of dense layers, given by its widths."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class MLP(nn.Sequential):
    """A multilayer perceptron: flatten, then dense layers with an activation between them, none after the last.

    It is a plain `nn.Sequential`, so its layers can be listed, sliced and replaced. A dense layer that is
    followed by a batch normalization with a shift of its own gets no bias, because subtracting the batch's
    mean would undo it.

    >>> MLP([64, 30, 10])
    MLP(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=30, bias=True)
      (2): ReLU()
      (3): Linear(in_features=30, out_features=10, bias=True)
    )
    >>> sum(p.numel() for p in MLP([64, 30, 10]).parameters())  # 64 * 30 + 30 + 30 * 10 + 10
    2260

    Args:
        widths: Numbers per item on the way: inputs, units of each hidden layer, outputs.
        activation: Called once for each hidden layer, without arguments: a class such as `nn.ReLU`, or
            `functools.partial(nn.LeakyReLU, 0.1)`.
        normalization: Called with a hidden layer's width, to be put before its activation: `nn.BatchNorm1d`,
            `nn.LayerNorm`. None is none.

    Raises:
        ValueError: If there are fewer than two widths or one is not positive; on a call, if an item's size is
            not the first width or there is no batch of them.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activation: Callable[[], nn.Module] = nn.ReLU,
        normalization: Callable[[int], nn.Module] | None = None,
    ) -> None:
        if len(widths) < 2:
            raise ValueError(f"MLP needs at least two widths, inputs and outputs, got {list(widths)}.")
        if any(width < 1 for width in widths):
            raise ValueError(f"Each width of an MLP must be at least 1, got {list(widths)}.")
        layers: list[nn.Module] = [nn.Flatten()]
        for inputs, units in pairwise(widths[:-1]):
            norm = None if normalization is None else normalization(units)
            has_shift = isinstance(norm, _BatchNorm) and norm.affine
            layers.append(nn.Linear(inputs, units, bias=not has_shift))
            if norm is not None:
                layers.append(norm)
            layers.append(activation())
        layers.append(nn.Linear(widths[-2], widths[-1]))
        super().__init__(*layers)
        self.widths = tuple(widths)

    def __getitem__(self, idx: slice | int) -> Any:
        """One layer, or several of them as an `nn.Sequential`."""
        # nn.Sequential would hand the chosen layers to this class's __init__, which wants widths.
        return nn.Sequential(*list(self)[idx]) if isinstance(idx, slice) else super().__getitem__(idx)

    def forward(self, input: Tensor) -> Tensor:
        """Map items `input` of shape (n, ...), `widths[0]` numbers each, to outputs of shape (n, `widths[-1]`)."""
        if input.ndim < 2:
            raise ValueError(
                f"An MLP takes a batch of items, shape (n, ...), got shape {tuple(input.shape)}. For a single item, pass "
                "item.unsqueeze(0)."
            )
        takes = next(layer.in_features for layer in self if isinstance(layer, nn.Linear))
        size = math.prod(input.shape[1:])
        if size != takes:
            raise ValueError(
                f"This MLP takes {takes} numbers per item, got items of {' x '.join(map(str, input.shape[1:]))} = "
                f"{size}. Set its first width to {size}."
            )
        output: Tensor = super().forward(input)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return output
