"""`[tool.verified_docs.api]` in pyproject.toml: which names are public.

[tool.verified_docs.api]
packages = ["package", "package.part"]
hooks = ["on_*"]
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from verified_docs.base.errors import DocsError

_TABLE = "pyproject.toml: [tool.verified_docs.api]"


@dataclass(frozen=True)
class ApiSettings:
    """What has to be described.

    Attributes:
        packages: The packages whose `__all__` is public.
        hooks: Methods, as patterns, that a framework calls with arguments of its own: nobody looks them up.
    """

    packages: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


def parsed(table: Any) -> ApiSettings:
    """The settings that `table` holds; raises DocsError for one that is wrong."""
    if not isinstance(table, dict):
        raise DocsError(f"{_TABLE} is not a table")
    known = [one.name for one in fields(ApiSettings)]
    for key, value in table.items():
        if key not in known:
            raise DocsError(f"{_TABLE} has no setting {key!r}; it has {', '.join(known)}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise DocsError(f"{_TABLE} {key} is not a list of texts (in quotes)")
    return ApiSettings(**{key: tuple(value) for key, value in table.items()})
