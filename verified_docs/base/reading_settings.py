"""`[tool.verified_docs.reading]` in pyproject.toml: how long it may take to read a page.

[tool.verified_docs.reading]
pages = ["techniques/*.md"]
minutes = 10
apart = ["Exercises", "Papers"]
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch


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
