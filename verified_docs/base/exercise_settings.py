"""`[tool.verified_docs.exercises]` in pyproject.toml: which pages have exercises, and what these may be called.

[tool.verified_docs.exercises]
pages = ["techniques/*.md"]
without = ["*/index.md"]
least = 3
levels = ["easy", "hard"]
kinds = ["Predict", "Find the fault"]
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch


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
