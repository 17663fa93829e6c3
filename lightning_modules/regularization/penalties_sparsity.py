"""How many weights are zero, or nearly so, and setting those to zero.

A weight that is exactly 0 can be left out: from a product, from a file. Training seldom makes one, see
`ProximalL1`; what it makes is many weights that are too small to matter, and the last step is to say so.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lightning_modules.regularization.penalties_groups import weights_to_set


@torch.no_grad()
def fraction_small(weights: Iterable[Tensor], below: float = 0.0) -> float:
    """The fraction of all numbers whose absolute value is at most `below`; by default, the exact zeros.

    >>> fraction_small([torch.tensor([0.0, 0.5]), torch.tensor([-0.001, 2.0])], below=0.01)
    0.5

    Args:
        weights: Tensors of any shapes.
        below: The largest absolute value that is small.

    Raises:
        ValueError: If there are no numbers, or `below` is negative.
    """
    tensors = list(weights)
    numbers = sum(tensor.numel() for tensor in tensors)
    check_not_negative("below", below)
    if not numbers:
        raise ValueError("There are no weights to look at.")
    small = sum(int((tensor.abs() <= below).sum()) for tensor in tensors)
    return small / numbers


@torch.no_grad()
def zero_small_(model: nn.Module, below: float, exempt: Iterable[type[nn.Module]] = ()) -> float:
    """Set, in place, each weight to 0 whose absolute value is at most `below`.

    Biases and normalizations are left alone; see `split_parameters`.

    >>> model = nn.Linear(4, 1)
    >>> _ = model.weight.data.copy_(torch.tensor([[0.5, 0.0001, -0.3, -0.0002]]))
    >>> zero_small_(model, below=1e-3), model.weight.data
    (0.5, tensor([[ 0.5000,  0.0000, -0.3000,  0.0000]]))

    Args:
        model: Any module.
        below: The largest absolute value that is set to 0.
        exempt: Further types of modules whose own parameters are left alone.

    Returns:
        The fraction of the weights that are 0 now.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If `below` is negative, there are no weights, one is computed from others, or
            one cannot be set: it is lazy, meta, sparse or expanded.
    """
    check_not_negative("below", below)
    weights = list(weights_to_set(model, exempt).values())
    for weight in weights:
        weight.masked_fill_(weight.abs() <= below, 0.0)
    return fraction_small(weights)


def check_not_negative(name: str, value: float) -> None:
    """Raise a ValueError, with the `name` of the argument, if its `value` is negative or not a number."""
    if not value >= 0:
        raise ValueError(f"{name} must not be negative, got {value}.")
