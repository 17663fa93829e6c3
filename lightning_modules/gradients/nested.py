"""Tensors wherever a model may have put them: alone, or in nested lists, tuples, mappings and dataclasses."""

import copy
from collections import deque
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor

_SEQUENCES = (list, tuple, set, frozenset, deque)


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
    elif isinstance(value, _SEQUENCES):
        for item in value:
            yield from tensors_in(item)
    elif _holds_fields(value):
        for field in fields(value):
            yield from tensors_in(getattr(value, field.name, None))


def with_own_tensors(value: Any) -> Any:
    """The same containers, with copies of the tensors in them: what is handed to a model that may write into its inputs.

    A tensor that stands in two places is one in the copy too.

    >>> import torch
    >>> batch = {"x": torch.zeros(2), "names": ["a", "b"]}
    >>> twin = with_own_tensors(batch)
    >>> twin["x"].add_(1), batch["x"]
    (tensor([1., 1.]), tensor([0., 0.]))

    Args:
        value: Anything. What is neither a tensor nor a container that can be looked into is handed on as it is.
    """
    return _own(value, {})


def _own(value: Any, made: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        if id(value) not in made:
            made[id(value)] = value.clone()
        return made[id(value)]
    if next(tensors_in(value), None) is None:
        return value
    if isinstance(value, Mapping):
        items = {key: _own(item, made) for key, item in value.items()}
        if type(value) is dict or not isinstance(value, MutableMapping):
            return items
        twin = copy.copy(value)
        twin.update(items)
        return twin
    if isinstance(value, tuple) and hasattr(value, "_fields"):  # a named tuple
        return type(value)(*(_own(item, made) for item in value))
    if isinstance(value, _SEQUENCES):
        items_ = [_own(item, made) for item in value]
        return type(value)(items_)
    twin = copy.copy(value)
    for field in fields(value):
        object.__setattr__(twin, field.name, _own(getattr(value, field.name, None), made))
    return twin


def _holds_fields(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)
