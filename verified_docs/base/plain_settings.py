"""Tables of `[tool.verified_docs]` in pyproject.toml whose settings are lists of texts and numbers, and nothing else."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from verified_docs.base.errors import DocsError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")


def parsed(of: type[Settings], name: str, table: Any) -> Settings:
    """The settings that a table holds; raises DocsError for one that is wrong.

    Args:
        of: A dataclass whose defaults say what each setting is: a tuple of texts, or a number of at least 0.
        name: Of the table, below `[tool.verified_docs]`.
        table: As TOML has it.
    """
    where = f"pyproject.toml: [tool.verified_docs.{name}]"
    if not isinstance(table, dict):
        raise DocsError(f"{where} is not a table")
    defaults = {one.name: one.default for one in fields(of)}
    found: dict[str, Any] = {}
    for key, value in table.items():
        if key not in defaults:
            raise DocsError(f"{where} has no setting {key!r}; it has {', '.join(defaults)}")
        if isinstance(defaults[key], tuple):
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise DocsError(f"{where} {key} is not a list of texts (in quotes)")
            found[key] = tuple(value)
        else:
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise DocsError(f"{where} {key} = {value!r} is not a number of at least 0")
            found[key] = value
    return of(**found)
