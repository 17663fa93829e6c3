"""The pytest plugin: every program below snippets/ is a test.

pytest snippets                   run what changed since it last passed, compare with the records
pytest snippets --all             run everything (always so where CI=true)
pytest snippets/a/b.py --record   run, and accept what it prints, draws and computes
pytest snippets --processor default   run as on another processor, which is held to what the ledger knows of others
"""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from verified_docs.base import config as configuration
from verified_docs.base.errors import DocsError
from verified_docs.comparing import agreement
from verified_docs.comparing.known import Known
from verified_docs.pages.page import Quote
from verified_docs.programs.snippet import Snippet, is_snippet
from verified_docs.records import record
from verified_docs.running.runner import DataUnavailable, Results
from verified_docs.running.sharing import SharedServer, can_share
from verified_docs.verifying import summary
from verified_docs.verifying.accept import accept
from verified_docs.verifying.session import Options, Session

_KEY = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("verified docs")
    group.addoption(
        "--record", action="store_true", help="accept what the snippets now print, draw and compute"
    )
    group.addoption("--all", action="store_true", dest="run_all", help="run unchanged snippets too")
    group.addoption("--processor", help="run as on one of the ledger's processors: default, avx2 …")


def pytest_configure(config: pytest.Config) -> None:
    try:
        found = configuration.load(config.rootpath)
    except DocsError as error:
        raise pytest.UsageError(str(error)) from error
    if found is None:
        return
    options = Options(
        recording=config.option.record,
        skipping=not (config.option.run_all or configuration.in_ci()),
        processor=config.option.processor,
    )
    if options.recording and options.processor:
        raise pytest.UsageError(
            "--record --processor: a kind of processor is recorded on a processor of that kind"
        )
    try:
        worker = getattr(config, "workerinput", None)  # one of xdist's, whose parent is the controller
        shared = (worker or {}).get(summary.PROPERTY)
        session = Session(found, options, shared, owner=None if worker is None else os.getppid())
    except DocsError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_KEY] = session
    if getattr(config.option, "numprocesses", None) and can_share():
        at_once = options.recording or not options.skipping
        session.shared = SharedServer(session.config, at_once=at_once)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each of xdist's workers where the shared server is."""
    session = node.config.stash.get(_KEY, None)
    if session is not None and session.shared is not None:
        node.workerinput[summary.PROPERTY] = session.shared.address


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
        self.user_properties.append((summary.KIND, str(state.kind)))
        quotes = state.quotes(snippet)
        if state.options.skipping and not state.options.recording and self._unchanged(quotes):
            self._note("unchanged")
            return
        try:
            results = state.run(snippet)
        except DataUnavailable as error:
            if configuration.in_ci():
                raise
            self._note("not verified")
            pytest.skip(str(error))
        if state.options.recording:
            changed = accept(snippet, results, quotes, state.kind, self._known())
            self._note("recorded" if changed else "as recorded")
        else:
            self._compare(results, quotes)
        state.passes.add(snippet, quotes, state.kind.of(snippet), results.imported)
        if state.passes.unwritable:
            self.user_properties.append((summary.UNWRITABLE, state.passes.unwritable))

    def _unchanged(self, quotes: list[Quote]) -> bool:
        state = self.session_state
        return state.passes.holds(self.snippet, quotes, state.kind.of(self.snippet))

    def _known(self) -> Known | None:
        """What is known beside the record; None where there is none, or one of an older text."""
        try:
            return self.session_state.known(self.snippet, record.fresh(self.snippet))
        except DocsError:
            return None

    def _compare(self, results: Results, quotes: list[Quote]) -> None:
        state, snippet = self.session_state, self.snippet
        kind = state.kind.of(snippet)
        agreement.captioned(snippet, results)
        try:
            held = record.fresh(snippet)
        except DocsError as error:
            old = record.load(snippet)
            told = agreement.complaint(snippet, old, results, []) if old and old.kind == kind else None
            raise DocsError("\n".join(filter(None, [str(error), told]))) from None
        found = agreement.judged(snippet, held, results, quotes, kind, state.known(snippet, held))
        if found.failed:
            raise DocsError("\n".join(found.failed))
        if found.unseen:
            way_out = f"  add what this kind gives: {snippet.how_to_accept}"
            told = "\n".join([snippet.place, *found.unseen, way_out])
            self.user_properties.append((summary.UNSEEN, told))
        self._note(found.outcome)

    def _note(self, what: str) -> None:
        self.user_properties.append((summary.PROPERTY, what))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, DocsError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.snippet.place


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for some in terminalreporter.stats.values() for report in some]
    lines = summary.lines([report for report in reports if getattr(report, "when", None) == "call"])
    if lines:
        terminalreporter.section("snippets")
        for line in lines:
            terminalreporter.line(line)
