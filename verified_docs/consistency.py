"""Whether pages, programs and records belong together: what one page alone cannot see."""

from __future__ import annotations

from pathlib import Path

from verified_docs import record
from verified_docs.config import Config
from verified_docs.errors import DocsError
from verified_docs.pages import every_page
from verified_docs.snippet import every_snippet


def problems(config: Config) -> list[str]:
    """Everything that is wrong, a message each; empty where nothing is."""
    found = [*_settings(config), *_pages(config)]
    shown = _shown(config)
    vouched: set[Path] = set()
    for snippet in every_snippet(config):
        vouched.update(record.paths(snippet))
        if shown is not None and snippet.name not in shown:
            found.append(f"{snippet.place}: no page shows it; embed it, or delete it")
        try:
            snippet.docstring  # noqa: B018  (it raises where the program cannot be read)
            held = record.fresh(snippet)
            if held.figure and not snippet.caption:
                found.append(
                    f"{snippet.place}:1: its figure has no caption: the docstring below the question is empty"
                )
        except DocsError as error:
            found.append(str(error))
    for path in sorted(config.snippets.rglob("results/*")):
        if path not in vouched and not path.name.startswith("."):
            found.append(f"{path.relative_to(config.root)}: no snippet makes it; delete it")
    return found


def _pages(config: Config) -> list[str]:
    found = []
    try:
        for page in every_page(config):
            try:
                page.with_quotes()
            except DocsError as error:
                found.append(str(error))
    except DocsError as error:
        found.append(str(error))  # a page that cannot be read
    return found


def _shown(config: Config) -> set[str] | None:
    """The names of the programs that some page embeds; None where a page cannot be read."""
    try:
        return {one.snippet.name for page in every_page(config) for one in page.embedded()}
    except DocsError:
        return None  # said by _pages


def _settings(config: Config) -> list[str]:
    names = {snippet.name for snippet in every_snippet(config)}
    try:
        return [
            f"snippets/settings.toml: [{name}] is no snippet" for name in config.settings if name not in names
        ]
    except DocsError as error:
        return [str(error)]
