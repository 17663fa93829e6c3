"""Which snippets have passed on this machine, and with what: an unchanged one need not run again.

A pass holds a digest of everything that it depended on: the program, its settings and record, what the prose quotes of
it, the engine, the interpreter, the installed versions, and every file of the project that it really imported.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from verified_docs.base import files
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.base.installed import installed
from verified_docs.ledger import entry as ledger
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet
from verified_docs.records import record


class Passes:
    """The git-ignored cache of passes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._digests = files.Digests(config.root)
        self.unwritable: str | None = None  # why a pass could not be noted

    def holds(self, snippet: Snippet, quotes: Sequence[Quote], kind: str | None) -> bool:
        """Whether `snippet` has passed and nothing that it depends on has changed since."""
        try:
            held = json.loads(self._path(snippet).read_text(encoding="utf-8"))
            return bool(
                held["key"] == self._key(snippet, quotes, kind) and self._digests.are(held["imported"])
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False  # none, or not one of ours

    def add(
        self, snippet: Snippet, quotes: Sequence[Quote], kind: str | None, imported: Sequence[str]
    ) -> None:
        """Note that `snippet` passed on a `kind` of processor; that the cache cannot be written is no failure of it."""
        held = {"key": self._key(snippet, quotes, kind), "imported": self._digests.of(imported)}
        try:
            files.replace(self._path(snippet), json.dumps(held))
        except DocsError as error:
            self.unwritable = str(error)

    def _path(self, snippet: Snippet) -> Path:
        return self._config.cache / "passes" / f"{snippet.name}.json"

    def _key(self, snippet: Snippet, quotes: Sequence[Quote], kind: str | None) -> str:
        known = [
            *record.paths(snippet),
            ledger.path(snippet),
        ]  # on another kind the ledger's ranges count, too
        recorded = [files.digest(path.read_bytes()) if path.is_file() else "" for path in known]
        quoted = sorted(f"{quote.value}{quote.keys}{quote.format}" for quote in quotes)
        parts = (self._surroundings, kind, snippet.digest, snippet.settings, recorded, quoted)
        return files.digest(repr(parts))

    @cached_property
    def _surroundings(self) -> str:
        engine = [files.digest(path.read_bytes()) for path in sorted(Path(__file__).parents[1].rglob("*.py"))]
        config = self._config
        settings = (config.preload, sorted(config.env.items()), sorted(config.data.items()), config.style)
        return repr((engine, sys.version, platform.machine(), installed(), settings))
