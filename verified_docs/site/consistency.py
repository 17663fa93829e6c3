"""Whether pages, programs and records belong together: what one page alone cannot see."""

from __future__ import annotations

from pathlib import Path

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.ledger import entry as ledger
from verified_docs.pages import described, exercises, overstated, papers, reading_time, tables
from verified_docs.pages.page import every_page
from verified_docs.programs.snippet import every_snippet
from verified_docs.programs.study_file import StudyFile, every_study
from verified_docs.records import record
from verified_docs.site import kinds_shown


def problems(config: Config) -> list[str]:
    """Everything that is wrong, a message each; empty where nothing is."""
    found = [*_settings(config), *_pages(config), *described.problems(config)]
    shown = _shown(config)
    vouched: set[Path] = set()
    for program in (*every_snippet(config), *every_study(config, unfinished=True)):
        vouched.update(record.paths(program))
        vouched.add(program.parts if isinstance(program, StudyFile) else ledger.path(program))
        if isinstance(program, StudyFile) and program.is_in_parts and program.name not in (shown or ()):
            continue  # it will have a record, and a page that shows it
        if shown is not None and program.name not in shown:
            found.append(f"{program.place}: no page shows it; embed it, or delete it")
        try:
            program.docstring  # noqa: B018  (it raises where the program cannot be read)
            held = record.fresh(program)
            if held.figure and not program.caption:
                found.append(
                    f"{program.place}:1: its figure has no caption: the docstring below the question is empty"
                )
            if held.figure and isinstance(program, StudyFile) and held.style != config.style:
                found.append(
                    f"{program.place}: its figure was drawn in another style; "
                    f"draw it again, without another run: {program.how_to_accept}"
                )
        except DocsError as error:
            found.append(str(error))
    kept = {
        "snippet": config.snippets.rglob("results/*"),
        "study": (config.root / "studies").glob("results/*"),
    }
    for what, paths in kept.items():
        for path in sorted(paths):
            if path not in vouched and not path.name.startswith("."):
                found.append(f"{path.relative_to(config.root).as_posix()}: no {what} makes it; delete it")
    if not found:  # otherwise there is no telling what prose quotes
        found = kinds_shown.quoted_otherwise(config)
    return list(dict.fromkeys(found))  # a record that is missing is missed by each page that quotes it


def _pages(config: Config) -> list[str]:
    found = []
    try:
        pages = list(every_page(config))
        whole = []
        for page in pages:
            try:
                page.with_quotes()
                whole.append(page)
            except DocsError as error:
                found.append(str(error))
        found += overstated.problems(whole)
        found += papers.gather(pages).problems
        found += exercises.problems(pages)
        found += reading_time.problems(pages)
        found += [problem for page in pages for problem in tables.problems(page)]
    except DocsError as error:
        found.append(str(error))  # a page that cannot be read
    return found


def _shown(config: Config) -> set[str] | None:
    """The names of the programs that some page embeds, and of the studies that one quotes; None where one is wrong."""
    try:
        pages = list(every_page(config))
        embedded = {one.snippet.name for page in pages for one in page.embedded()}
        quoted = {
            quote.source.name
            for page in pages
            for quote in page.quotes()
            if isinstance(quote.source, StudyFile)
        }
    except DocsError:
        return None  # said by _pages
    return embedded | quoted


def _settings(config: Config) -> list[str]:
    names = {snippet.name for snippet in every_snippet(config)}
    try:
        return [
            f"snippets/settings.toml: [{name}] is no snippet" for name in config.settings if name not in names
        ]
    except DocsError as error:
        return [str(error)]
