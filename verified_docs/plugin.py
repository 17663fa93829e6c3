"""The pytest plugin: every program below snippets/ is a test.

pytest snippets                   run what changed since it last passed, compare with the records
pytest snippets --all             run everything (always so where CI=true)
pytest snippets/a/b.py --record   run, and accept what it prints, draws and computes
"""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from verified_docs import agreement, processor, record
from verified_docs import config as configuration
from verified_docs.accept import accept
from verified_docs.errors import DocsError
from verified_docs.pages import Quote, every_quote
from verified_docs.passes import Passes
from verified_docs.runner import DataUnavailable, Results, Runner
from verified_docs.sharing import SharedServer, can_share
from verified_docs.snippet import Snippet, is_snippet

_KEY = pytest.StashKey["Session"]()
_PROPERTY = "verified_docs"
_UNWRITABLE = "verified_docs_cache"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("verified docs")
    group.addoption(
        "--record", action="store_true", help="accept what the snippets now print, draw and compute"
    )
    group.addoption("--all", action="store_true", dest="run_all", help="run unchanged snippets too")


def pytest_configure(config: pytest.Config) -> None:
    try:
        found = configuration.load(config.rootpath)
    except DocsError as error:
        raise pytest.UsageError(str(error)) from error
    if found is None:
        return
    session = config.stash[_KEY] = Session(found, config)
    if getattr(config.option, "numprocesses", None) and can_share():
        session.shared = SharedServer(found, at_once=config.option.run_all or config.option.record)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each of xdist's workers where the shared server is."""
    session = node.config.stash.get(_KEY, None)
    if session is not None and session.shared is not None:
        node.workerinput[_PROPERTY] = session.shared.address


def pytest_sessionstart(session: pytest.Session) -> None:
    """Where the terminal knows ASCII alone, messages are not; pytest would escape their line ends as well."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    terminal = getattr(getattr(reporter, "_tw", None), "_file", None)
    if _KEY in session.config.stash and isinstance(terminal, io.TextIOWrapper):
        terminal.reconfigure(errors="backslashreplace")


def pytest_unconfigure(config: pytest.Config) -> None:
    session = config.stash.get(_KEY, None)
    if session is not None:
        session.runner.close()
        if session.shared is not None:
            session.shared.close()


class Session:
    """What the snippets of one pytest run share."""

    def __init__(self, config: configuration.Config, pytest_config: pytest.Config) -> None:
        self.config = config
        self.shared: SharedServer | None = None
        worker = getattr(pytest_config, "workerinput", None)  # one of xdist's, whose parent is the controller
        self.runner = Runner(
            config,
            shared=(worker or {}).get(_PROPERTY),
            owner=None if worker is None else os.getppid(),
        )
        self.passes = Passes(config)
        self.recording: bool = pytest_config.getoption("record")
        self.skipping = not (pytest_config.getoption("run_all") or configuration.in_ci())
        self.comparing = processor.gives_the_recorded_numbers(config)
        self._quotes: dict[str, list[Quote]] | None = None

    def quotes(self, snippet: Snippet) -> list[Quote]:
        """Every place of the prose that quotes a number of `snippet`."""
        if self._quotes is None:
            self._quotes = every_quote(self.config)
        return self._quotes.get(snippet.name, [])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Replace every other collector below snippets/: they would import, and so run, the programs."""
    others = yield
    session = parent.config.stash.get(_KEY, None)
    if session is None or not file_path.is_relative_to(session.config.snippets):
        return others
    if not is_snippet(file_path, session.config):
        return []
    return [SnippetFile.from_parent(parent, path=file_path)]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slowest first, so that several workers end together."""
    session = config.stash.get(_KEY, None)
    if session is None:
        return
    snippets = [item for item in items if isinstance(item, SnippetItem)]
    seconds = {item: item.recorded_seconds() for item in snippets}
    ordered = iter(_dealt(sorted(snippets, key=lambda item: -seconds[item])))
    items[:] = [next(ordered) if isinstance(item, SnippetItem) else item for item in items]


def _dealt(items: list[Any]) -> list[Any]:
    """Xdist hands out the first items in pairs: give each worker of two one long and one short of the first four."""
    return [items[0], items[3], items[1], items[2], *items[4:]] if len(items) >= 4 else items


class SnippetFile(pytest.File):
    """One program."""

    def collect(self) -> Iterable[pytest.Item]:
        yield SnippetItem.from_parent(self, name="verified")


class SnippetItem(pytest.Item):
    """The test that a program still gives what its record says."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.session_state = self.config.stash[_KEY]
        self.snippet = Snippet(self.path, self.session_state.config)

    def recorded_seconds(self) -> float:
        try:
            held = record.load(self.snippet)
        except DocsError:
            return 0.0
        return held.seconds if held else 0.0

    def runtest(self) -> None:
        state, snippet = self.session_state, self.snippet
        snippet.docstring  # noqa: B018  (a program that cannot be read fails before it is run)
        quotes = state.quotes(snippet)
        if state.skipping and not state.recording and state.passes.holds(snippet, quotes):
            self._note("unchanged")
            return
        try:
            results = state.runner.run(snippet)
        except DataUnavailable as error:
            if configuration.in_ci():
                raise
            self._note("not verified")
            pytest.skip(str(error))
        if state.recording:
            self._note("recorded" if accept(snippet, results, quotes) else "run")
        elif state.comparing:
            self._compare(results, quotes)
        else:
            agreement.captioned(snippet, results)
            record.fresh(snippet)
            self._note("claims only")
            return
        state.passes.add(snippet, quotes, results.imported)
        if state.passes.unwritable:
            self.user_properties.append((_UNWRITABLE, state.passes.unwritable))

    def _compare(self, results: Results, quotes: list[Quote]) -> None:
        snippet = self.snippet
        agreement.captioned(snippet, results)
        try:
            held = record.fresh(snippet)
        except DocsError as error:
            old = record.load(snippet)
            told = agreement.complaint(snippet, old, results, []) if old else None
            raise DocsError("\n".join(filter(None, [str(error), told]))) from None
        told = agreement.complaint(snippet, held, results, quotes)
        if told:
            raise DocsError(told)
        self._note("run")

    def _note(self, what: str) -> None:
        self.user_properties.append((_PROPERTY, what))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, DocsError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.snippet.place


def pytest_terminal_summary(terminalreporter: Any) -> None:
    counts: dict[str, int] = {}
    not_verified = []
    unwritable = None
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) != "call":
                continue
            for key, value in getattr(report, "user_properties", ()):
                unwritable = value if key == _UNWRITABLE else unwritable
                if key == _PROPERTY:
                    counts[value] = counts.get(value, 0) + 1
                    if value == "not verified":
                        reason = (
                            report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
                        )
                        not_verified.append(reason.removeprefix("Skipped: "))
    if not counts:
        return
    terminalreporter.section("snippets")
    terminalreporter.line(", ".join(f"{number} {what}" for what, number in sorted(counts.items())))
    for reason in not_verified:
        terminalreporter.line(f"NOT VERIFIED HERE: {reason}")
    if unwritable:
        terminalreporter.line(
            f"Unchanged programs will run again, since no pass could be noted: {unwritable}"
        )
    if counts.get("claims only"):
        terminalreporter.line(
            "This processor lacks the instruction set that the records were made with: "
            "programs ran and their claims were held, their numbers were not compared."
        )
