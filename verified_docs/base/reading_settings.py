"""`[tool.verified_docs.reading]` in pyproject.toml: how long it may take to read a page.

[tool.verified_docs.reading]
pages = ["techniques/*.md"]
minutes = 10
apart = ["Exercises", "Papers"]
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatch
from typing import Any

from verified_docs.base.errors import DocsError

_TABLE = "pyproject.toml: [tool.verified_docs.reading]"


@dataclass(frozen=True)
class ReadingSettings:
    """How long pages may be.

    Attributes:
        pages: Patterns of the pages, below docs/, that this is asked of.
        minutes: The longest that one of them takes.
        apart: Titles of sections that do not count: what is looked up, or done another day.
    """

    pages: tuple[str, ...] = ()
    minutes: float = 10.0
    apart: tuple[str, ...] = ()

    def asks(self, path: str) -> bool:
        """Whether the page at `path`, below docs/, has to be that short."""
        return any(fnmatch(path, one) for one in self.pages)


def parsed(table: Any) -> ReadingSettings:
    """The settings that `table` holds; raises DocsError for one that is wrong."""
    if not isinstance(table, dict):
        raise DocsError(f"{_TABLE} is not a table")
    known = [one.name for one in fields(ReadingSettings)]
    for key, value in table.items():
        if key not in known:
            raise DocsError(f"{_TABLE} has no setting {key!r}; it has {', '.join(known)}")
        if key == "minutes":
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise DocsError(f"{_TABLE} minutes = {value!r} is not a number above 0")
        elif not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise DocsError(f"{_TABLE} {key} is not a list of texts (in quotes)")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return ReadingSettings(**settings)
