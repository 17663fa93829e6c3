"""Tensors wherever a model may have put them: alone, or in nested lists, tuples and mappings."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor


def tensors_in(value: Any) -> Iterator[Tensor]:
    """Every tensor of a value, in order.

    >>> import torch
    >>> [tensor.item() for tensor in tensors_in((torch.tensor(1), {"a": [torch.tensor(2)], "b": "none"}))]
    [1, 2]

    Args:
        value: Anything.
    """
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
