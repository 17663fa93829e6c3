"""What is kept of a program's values: numbers, short texts, and short lists and dicts of them, in builtins.

Whatever else a variable holds is no plain value, and None stands for it: also a list that contains itself, and what is
too long to be quoted. A dict whose keys are the same as text is refused, since prose names its entries by text.
"""

from __future__ import annotations

from typing import Any

_LONGEST = 64  # entries of a list or dict
_DEEPEST = 16  # lists within lists; one that contains itself is deeper
_MOST = 4096  # entries of all lists and dicts within one value
_TEXT = 200  # characters of a text, digits of an integer


class SameKeys(ValueError):
    """A dict has two keys that are the same as text."""


def plain(value: Any) -> Any:
    """`value` in builtins, or None where it is no plain value; raises SameKeys."""
    return _Plain().of(value)


class _Plain:
    """One value on its way into builtins."""

    def __init__(self) -> None:
        self._depth = 0  # how many lists and dicts the one at hand is in
        self._room = _MOST

    def of(self, value: Any) -> Any:
        value = _without_clothes(value)
        if isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if abs(value) < 10**_TEXT else None
        if isinstance(value, str):
            return value if len(value) <= _TEXT and _is_utf8(value) else None
        if isinstance(value, list | tuple | dict) and self._has_room(value):
            self._depth += 1
            found = self._dict(value) if isinstance(value, dict) else self._list(value)
            self._depth -= 1
            return found
        return None

    def _has_room(self, value: Any) -> bool:
        self._room -= len(value)
        return 0 < len(value) <= _LONGEST and self._room >= 0 and self._depth < _DEEPEST

    def _list(self, value: list[Any] | tuple[Any, ...]) -> list[Any] | None:
        found = []
        for one in value:
            found.append(self.of(one))
            if found[-1] is None:
                return None
        return found

    def _dict(self, value: dict[Any, Any]) -> dict[str, Any] | None:
        if not all(isinstance(key, str | int | float) for key in value):
            return None
        keys = {str(key): key for key in value}
        if len(keys) < len(value):
            first, second = next((one, keys[str(one)]) for one in value if keys[str(one)] is not one)
            raise SameKeys(
                f"has the keys {first!r} and {second!r}, which are the same in {{{{ name[{first}] }}}}"
            )
        values = self._list(list(value.values()))
        return None if values is None else dict(zip(keys, values, strict=True))


def _without_clothes(value: Any) -> Any:
    """A number in NumPy's or torch's clothes as Python's own; np.float64 is a float in them."""
    try:
        return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    except Exception:  # a tensor without values, such as those of the device "meta"
        return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate, from a file's name
        return False
    return True
