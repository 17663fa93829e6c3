"""Runs snippets, one after the other, in processes forked from one server, and says what came of each."""

from __future__ import annotations

import json
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from verified_docs.base import disk, system
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.programs.snippet import Snippet
from verified_docs.records import kinds
from verified_docs.records.gave import Gave, without_samples
from verified_docs.records.kinds import Kind
from verified_docs.running import claims
from verified_docs.running.child import Job
from verified_docs.running.launch import Connection, OwnServer, ServerOfShared
from verified_docs.running.trial import Trial, Tried

_LINES = 12  # of a traceback or of stderr that a message quotes
_MORE_ROOM = "make room in the folder for temporary files, or set TMPDIR to another"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # a progress bar's \r, a terminal's colors


class SnippetFailed(DocsError):
    """A snippet did not run to its end, or did what no snippet may."""


class SnippetStopped(SnippetFailed):
    """A snippet was ended by its limits; on a machine that is less busy it may run through."""


class DataUnavailable(DocsError):
    """A snippet's declared data cannot be had here; the message says how to get it."""


@dataclass(frozen=True)
class Results:
    """What one run of a snippet gave."""

    text: str
    figure: str | None
    drawn: list[dict[str, Any]]
    values: dict[str, Any]
    seconds: float
    imported: list[str] = field(default_factory=list)


class Runner:
    """A server, started when the first snippet has to run.

    Args:
        shared: The address of a `SharedServer`: the server is forked from that one, and is ready as soon as the first of
            those that share it.
        owner: The process that reads what comes of it: without it there are no results, so that none is recorded.
    """

    def __init__(
        self,
        config: Config,
        *,
        fork: bool | None = None,
        shared: str | None = None,
        owner: int | None = None,
    ) -> None:
        self._config = config
        self._fork = system.forks() if fork is None else fork
        self._shared = shared
        self._owner = owner
        self._server: Connection | None = None

    def run(self, snippet: Snippet) -> Results:
        """Run `snippet`; raises SnippetFailed with the place and the reason, or DataUnavailable."""
        with self._made(snippet, snippet.settings.seconds) as (folder, ending):
            results = self._results(snippet, folder, ending)
        if self._owner not in (None, os.getppid()):
            raise SnippetStopped(f"{snippet.place}: the run that asked for it was ended")
        return results

    def attempt(self, trial: Trial, seconds: float) -> Tried:
        """Run a snippet for the ledger; that it fails is a result, too. Raises SnippetStopped, DataUnavailable."""
        snippet = trial.snippet
        asked = {
            "source": snippet.source,
            "by": trial.by,
            "seed_shift": self._config.ledger.seed_shift,
            "preload": self._config.preload,
        }
        with self._made(snippet, seconds, asked) as (folder, ending):
            noted = claims.read(folder / "claims")
            try:
                outcome = self._outcome(snippet, folder, ending)
            except SnippetStopped:
                raise
            except SnippetFailed as error:  # killed, or gone without a word
                outcome = {"error": str(error), "seconds": seconds, "imported": [], "stopped": True}
            if outcome.get("setting"):
                raise DocsError(f"pyproject.toml: [tool.verified_docs.ledger] {outcome['setting']}")
            wrong = outcome["error"] or outcome.get("network")
            unseen = claims.Noted(held=not wrong, told=f"did not run through: {wrong}" if wrong else "")
            each = [noted.get(number, unseen) for number in range(len(snippet.claims))]
            gave = None if wrong else _gave(folder, outcome)
            return Tried(
                [one.held for one in each],
                {number: one.told for number, one in enumerate(each) if not one.held},
                outcome["seconds"],
                outcome["imported"],
                outcome.get("stopped", False),
                gave,
            )

    @contextmanager
    def _made(
        self, snippet: Snippet, seconds: float, trial: dict[str, Any] | None = None
    ) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The folder of a run that has ended, and how it ended."""
        with _folder(snippet) as folder:
            job = Job(
                path=str(snippet.path),
                place=snippet.place,
                folder=os.path.realpath(folder),  # as the program sees it: on macOS /var is a link
                root=str(self._config.root),
                description=snippet.caption or snippet.question,
                memory_gib=snippet.settings.memory_gib,
                colors=dict(self._config.colors),
                trial=trial,
            )
            yield Path(folder), self._ask({"job": asdict(job), "seconds": seconds})

    def fingerprint(self) -> dict[str, str]:
        """What the project's `fingerprint` gives in the environment of snippets."""
        name = self._config.fingerprint
        told = self._asked({"fingerprint": name})
        if told is None or "digests" not in told:
            wrong = told["error"] if told else "the server that runs snippets ended (see above)"
            raise DocsError(f"pyproject.toml: [tool.verified_docs] fingerprint = {name!r}: {wrong}")
        digests: dict[str, str] = told["digests"]
        return digests

    def close(self) -> None:
        """End the server, and with it what it runs."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _connect(self) -> Connection:
        if self._shared is not None:
            with suppress(OSError):  # it was ended: go on without it
                return ServerOfShared(self._shared)
        return OwnServer(self._config, fork=self._fork)

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        ending = self._asked(request)
        if ending is None:
            raise SnippetFailed(
                f"{request['job']['place']}: the server that runs snippets ended (see above): a module in "
                "[tool.verified_docs] preload that does not import, or a snippet that ends other processes?"
            )
        return ending

    def _asked(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """The server's reply; None if it has ended."""
        if self._server is None:
            self._server = self._connect()
        try:
            reply = self._server.ask(json.dumps(request))
        except BaseException:
            self.close()  # Ctrl-C: a reply that nobody waits for must not answer the next question
            raise
        if not reply:
            self.close()
            return None
        told: dict[str, Any] = json.loads(reply)
        return told

    def _outcome(self, snippet: Snippet, folder: Path, ending: dict[str, Any]) -> dict[str, Any]:
        """What the program gave; raises SnippetFailed where it was ended before it could tell."""
        where = _last_place(ending["trace"], snippet)
        if ending["stopped"]:
            raise SnippetStopped(f"{where}: {ending['stopped']}")
        outcome_file = folder / "outcome.json"
        if not outcome_file.is_file():
            if ending["failed"]:
                raise SnippetFailed(f"{snippet.place}: {_failure(ending['failed'])}")
            last = _last_lines((folder / "stderr").read_bytes() if (folder / "stderr").is_file() else b"")
            raise SnippetFailed(f"{where}: {_sudden_end(ending['code'], ending['trace'])}{last}")
        outcome: dict[str, Any] = json.loads(outcome_file.read_text(encoding="utf-8"))
        self._data_or_raise(snippet, outcome)
        return outcome

    def _results(self, snippet: Snippet, folder: Path, ending: dict[str, Any]) -> Results:
        outcome = self._outcome(snippet, folder, ending)
        if outcome.get("network"):
            raise SnippetFailed(outcome["network"])
        if outcome["error"]:
            raise SnippetFailed(outcome["error"])
        text = _decoded(snippet, folder / "stdout", "prints")
        warned = _decoded(snippet, folder / "stderr", "writes to stderr")
        if warned.strip():
            raise SnippetFailed(
                f"{snippet.place}: writes to stderr, which the page does not show and a reader would see:\n"
                + "\n".join(f"  {one}" for one in warned.strip().splitlines()[:20])
            )
        return Results(
            text,
            outcome["figure"],
            outcome["drawn"],
            outcome["values"],
            outcome["seconds"],
            outcome["imported"],
        )

    def _data_or_raise(self, snippet: Snippet, outcome: dict[str, Any]) -> None:
        needed = snippet.settings.data
        if needed and any(is_error_of(self._config.data[needed], one) for one in outcome["raised"] or ()):
            raise DataUnavailable(
                f"{snippet.place} needs data that cannot be had here: {needed}\n{outcome['error']}"
            )


def kind_of_this_machine(config: Config) -> Kind:
    """The kind of processor that the project's programs run on here."""
    with closing(Runner(config)) as runner:
        return kinds.here(config, runner.fingerprint)


def _gave(folder: Path, outcome: dict[str, Any]) -> Gave:
    """What a trial printed, computed and drew; what it printed is held letter by letter where the records are made."""
    text = (folder / "stdout").read_text(encoding="utf-8", errors="replace")
    return Gave(text, outcome["values"], without_samples(outcome["drawn"]))


@contextmanager
def _folder(snippet: Snippet) -> Iterator[str]:
    """A folder of its own for one run."""
    try:
        made = tempfile.TemporaryDirectory(prefix="snippet-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SnippetFailed(
            f"{snippet.place}: has no folder to run in ({error.strerror}): {_MORE_ROOM}"
        ) from error
    with made as folder:
        yield folder


def _failure(trace: str) -> str:
    """What to say where the engine itself failed in the program's process; `trace` is its traceback."""
    full = any(f"[Errno {number}]" in trace for number in disk.FULL)
    way_out = (
        _MORE_ROOM
        if full
        else "if the program replaces what the engine uses as well, such as a function of os, it must not; if not, "
        "this is a fault of verified_docs"
    )
    return f"the engine failed beside the program; {way_out}:{_last_lines(trace.encode())}"


def _last_lines(data: bytes) -> str:
    """The end of what a process said, to stand below a message."""
    lines = data.decode(errors="replace").rstrip().splitlines()
    return "".join(f"\n  {_CONTROL.sub('?', line)}" for line in lines[-_LINES:])


def is_error_of(public: str, defined: str) -> bool:
    """Whether the public name of an error is that of the one raised, which may be defined in a module below."""
    (package, name), (module, defined_name) = public.rsplit(".", 1), defined.rsplit(".", 1)
    return name == defined_name and f"{module}.".startswith(f"{package}.")


def _last_place(trace: str, snippet: Snippet) -> str:
    """Where a stopped snippet was: from faulthandler's dump, or from a note of its own."""
    # The main thread, which runs the snippet, comes last in a dump, its innermost frame first.
    main_thread = trace[trace.rfind("Current thread") :] if "Current thread" in trace else trace
    dumped = re.search(rf'File "{re.escape(str(snippet.path))}", line (\d+)', main_thread)
    noted = re.search(r"^os\.\w+\(.*\) (\d+)$", trace, re.MULTILINE)
    elsewhere = re.search(
        rf'File "{re.escape(str(snippet.path))}", line (\d+)', trace
    )  # in a thread of its own
    line = dumped or noted or elsewhere
    return f"{snippet.place}:{line[1]}" if line else snippet.place


def _sudden_end(code: int | None, trace: str) -> str:
    by_itself = re.search(r"^(os\.\w+\(.*\)) ", trace, re.MULTILINE)
    by = f" by its own {by_itself[1]}" if by_itself else ""
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        crashed = "Fatal Python error" in trace
        return f"was killed ({name}){by or ('' if crashed else ', from outside or for lack of memory')}, before its end"
    return f"ended with exit code {code}{by}, before its end"


def _decoded(snippet: Snippet, path: Path, what: str) -> str:
    data = path.read_bytes() if path.is_file() else b""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SnippetFailed(
            f"{snippet.place}: {what} what is not UTF-8: byte 0x{data[error.start]:02x} in line {line} of its output"
        ) from error
    control = _CONTROL.search(text)
    if control:
        line = text[: control.start()].count("\n") + 1
        raise SnippetFailed(
            f"{snippet.place}: {what} a control character, which a page cannot show: "
            f"{control[0]!r} in line {line} of its output"
        )
    return text
