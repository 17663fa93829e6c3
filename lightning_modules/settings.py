"""How a callback says what it was made with."""

import inspect
from typing import Any


def settings(made: Any) -> str:
    """The call that makes such an object, without what is as by default; for classes that keep arguments by their names.

    >>> class Made:
    ...     def __init__(self, radius, exclude=(), eps=0.0):
    ...         self.radius, self.exclude, self.eps = radius, exclude, eps
    ...     __repr__ = settings
    >>> Made(3.0), Made(3.0, exclude=["head"])
    (Made(radius=3.0), Made(radius=3.0, exclude=['head']))

    Args:
        made: The object.
    """
    given = (
        f"{name}={_word(getattr(made, name))}"
        for name, parameter in inspect.signature(type(made)).parameters.items()
        if hasattr(made, name) and not _is_default(getattr(made, name), parameter.default)
    )
    return f"{type(made).__name__}({', '.join(given)})"


def _is_default(value: Any, default: Any) -> bool:
    if isinstance(value, list | tuple) and isinstance(default, list | tuple):
        return list(value) == list(default)
    return value is default or bool(value == default)


def _word(value: Any) -> str:
    """Short: classes and functions by their names, lists and tuples alike."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_word, value))}]"
    if isinstance(value, str | int | float | None):
        return repr(value)
    return str(getattr(value, "__name__", type(value).__name__))
