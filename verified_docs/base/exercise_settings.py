"""`[tool.verified_docs.exercises]` in pyproject.toml: which pages have exercises, and what these may be called.

[tool.verified_docs.exercises]
pages = ["techniques/*.md"]
without = ["*/index.md"]
least = 3
levels = ["easy", "hard"]
kinds = ["Predict", "Find the fault"]
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatch
from typing import Any

from verified_docs.base.errors import DocsError

_TABLE = "pyproject.toml: [tool.verified_docs.exercises]"


@dataclass(frozen=True)
class ExerciseSettings:
    """What has to have exercises.

    Attributes:
        pages: Patterns of pages, below docs/, that have at least `least` exercises.
        without: Patterns of pages among them that need none.
        least: How many exercises such a page has at least.
        levels: What an exercise's level may be, the easiest first.
        kinds: What is asked for.
        seconds: The longest that the programs of all answers take together, by their records: they run on every push.
    """

    pages: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    least: int = 3
    levels: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    seconds: float = 60.0

    def asks(self, path: str) -> bool:
        """Whether the page at `path`, below docs/, has to have exercises."""
        asked, spared = (any(fnmatch(path, one) for one in of) for of in (self.pages, self.without))
        return asked and not spared


def parsed(table: Any) -> ExerciseSettings:
    """The settings that `table` holds; raises DocsError for one that is wrong."""
    if not isinstance(table, dict):
        raise DocsError(f"{_TABLE} is not a table")
    known = {one.name: one for one in fields(ExerciseSettings)}
    for key, value in table.items():
        if key not in known:
            raise DocsError(f"{_TABLE} has no setting {key!r}; it has {', '.join(known)}")
        if isinstance(known[key].default, tuple):
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise DocsError(f"{_TABLE} {key} is not a list of texts (in quotes)")
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise DocsError(f"{_TABLE} {key} = {value!r} is not a number of at least 0")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
    }
    return ExerciseSettings(**settings)
