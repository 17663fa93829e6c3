"""`copy.deepcopy` for networks, in a quarter of its time.

A module is a dictionary of some twenty entries, most of them empty containers for hooks, numbers and flags.
`copy.deepcopy` takes each of them through Python's protocol for objects that it does not know; here they are known.
What has a say of its own in how it is copied, module or not, is left to it.
"""

import copy
import copyreg
from collections import OrderedDict
from functools import cache
from typing import Any, TypeVar

from torch import nn

ModelT = TypeVar("ModelT", bound=nn.Module)

_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
_OWN_WAYS = ("__deepcopy__", "__getnewargs__", "__getnewargs_ex__")
_EVERY_MODULE_HAS = frozenset(nn.Module().__dict__)


def deep_copy(model: ModelT, memo: dict[int, Any]) -> ModelT:
    """`copy.deepcopy(model, memo)`.

    >>> layer = nn.Linear(2, 3)
    >>> twin = deep_copy(nn.Sequential(layer, layer), {})
    >>> twin[0] is twin[1], twin[0] is layer
    (True, False)

    Args:
        model: Any module.
        memo: By the identity of what has been copied, its copy; more is added.
    """
    kind: Any = type(model)
    if id(model) in memo or not _is_plain(kind) or "__deepcopy__" in model.__dict__:
        return copy.deepcopy(model, memo)
    twin: ModelT = kind.__new__(kind)
    memo[id(model)] = twin
    state: dict[str, Any] = model.__getstate__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    for name, value in state.items():
        if type(value) in _ATOMS:
            continue
        if name not in _EVERY_MODULE_HAS:
            state[name] = copy.deepcopy(value, memo)
        elif not value:
            state[name] = type(value)()
        elif name in ("_modules", "_parameters") and type(value) in (dict, OrderedDict):
            state[name] = type(value)((key, _copy_of_part(part, memo)) for key, part in value.items())
        else:
            state[name] = copy.deepcopy(value, memo)
    twin.__setstate__(state)  # type: ignore[no-untyped-call]  # torch leaves it untyped
    return twin


def _copy_of_part(part: Any, memo: dict[int, Any]) -> Any:
    if isinstance(part, nn.Module):
        return deep_copy(part, memo)
    if type(part) is nn.Parameter and id(part) not in memo:
        twin = memo[id(part)] = nn.Parameter(part.data.clone(), part.requires_grad)
        return twin
    return copy.deepcopy(part, memo)


@cache
def _is_plain(kind: Any) -> bool:
    """Whether modules of this class are copied as torch's own are: entry by entry."""
    return (
        not any(hasattr(kind, way) for way in _OWN_WAYS)
        and kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and kind.__getstate__ is nn.Module.__getstate__
        and kind not in copyreg.dispatch_table
        and not any("__slots__" in vars(base) for base in kind.__mro__)
    )
