"""The process that snippets are forked from: it imports what they all need, once, and does nothing else.

A line of JSON on stdin is a job, a line of JSON on stdout says how it ended. Where forking is safe (Linux), a child
costs some 30 ms instead of seconds of imports; elsewhere each job is a plain process. Several clients can share one
import: the process then waits at a socket, and forks a server for each that connects.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import queue
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from verified_docs.base import system
from verified_docs.running import fingerprint
from verified_docs.running.child import Job, start

OUTPUT_LIMIT = 1_000_000  # bytes: a page shows a few lines
_TOO_MUCH = f"printed more than {OUTPUT_LIMIT:,} bytes, which no setting allows: print less, such as every hundredth line"
_PATIENCE = 0.5  # seconds that a snippet has to say where it is before it is stopped


@dataclass(frozen=True)
class Ending:
    """How a child ended: `code` (negative: a signal), or why it was stopped, and where it then was.

    Attributes:
        failed: The traceback of the engine, where it failed itself in the child.
    """

    code: int | None
    stopped: str | None
    trace: str
    failed: str


def serve(preload: list[str], *, fork: bool) -> None:
    """Answer jobs until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the client's to handle; it then closes stdin
    began = time.monotonic()
    if fork:
        _import(preload)
    elif not _imported_once(preload):
        return
    _answer(fork=fork, importing=time.monotonic() - began)


def share(preload: list[str], listener: socket.socket, *, at_once: bool) -> None:
    """Fork a server for each client that connects, until stdin closes; import when the first comes, or at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # servers that end leave nothing behind
    if not at_once and not _next_client(listener):
        return
    _import(preload)
    while _next_client(listener):
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            os.dup2(connection.fileno(), 0)
            os.dup2(connection.fileno(), 1)
            connection.close()
            try:
                _answer(fork=True)
            finally:
                os._exit(0)
        connection.close()


def _next_client(listener: socket.socket) -> bool:
    """Wait for one; False if the owner has left instead."""
    return 0 not in select.select([0, listener.fileno()], [], [])[0]


def _import(preload: list[str]) -> None:
    gc.disable()  # a sixth of the time would go into looking for garbage that imports do not leave
    for name in preload:
        importlib.import_module(name)
    gc.freeze()  # children share these pages: their collectors need not touch them
    gc.enable()


def _imported_once(preload: list[str]) -> bool:
    """Whether it can be imported; caches that this fills (bytecode, fonts) then cost no program its time."""
    names = ["verified_docs.running.child", *preload]
    program = f"import importlib\nfor name in {names!r}:\n    importlib.import_module(name)"
    return not subprocess.call([sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=2)


class _Client(Protocol):
    """Who sends requests, one at a time, and waits for the answer to each."""

    def __iter__(self) -> Iterator[str]:
        """Each request, until it leaves."""

    def left(self) -> bool:
        """Whether it does not wait any more; requests come one at a time, so anything that comes is its end."""


class _Watched:
    """A client whose pipe or socket the system can watch."""

    def __iter__(self) -> Iterator[str]:
        return iter(sys.stdin)

    def left(self) -> bool:
        return bool(select.select([0], [], [], 0)[0])


class _Heard:
    """A client that a thread listens to: Windows cannot watch a pipe, and where processes fork no thread may be."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines.get, "")

    def left(self) -> bool:
        return not self._lines.empty()

    def _listen(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._lines.put("")


def _answer(*, fork: bool, importing: float = 0.0) -> None:
    if system.forks():
        _adopt_orphans()
    client: _Client = _Watched() if fork else _Heard()
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing but replies goes to the client
    folder = None
    try:
        for line in client:
            request = json.loads(line)
            if "fingerprint" in request:
                replies.write(json.dumps(fingerprint.taken(request["fingerprint"], fork=fork)) + "\n")
                replies.flush()
                continue
            job = Job(**request["job"])
            folder = Path(job.folder)
            process = _fork(job) if fork else _spawn(job, importing)
            ending = _supervise(process, folder, request["seconds"], client)
            replies.write(json.dumps(asdict(ending)) + "\n")
            replies.flush()
    except ConnectionError:
        pass  # the client was killed
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)  # a client that was killed leaves it


@dataclass(frozen=True)
class _Process:
    """A program that runs; `importing` is what it may take beyond its limit, for what others are forked with."""

    pid: int
    poll: Callable[[], int | None]
    kill: Callable[[], None]
    stderr: int  # what it says before it writes to files, and what the engine says where it fails
    importing: float = 0.0


def _fork(job: Job) -> _Process:
    sys.stdout.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 2)
        os.close(reading)
        os.close(writing)
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if system.forks():
            _die_with_parent()
        start(job)
    os.close(writing)

    ended: list[int] = []

    def poll() -> int | None:
        if not ended:  # it can be waited for only once
            done, status = os.waitpid(pid, os.WNOHANG)
            ended.extend([os.waitstatus_to_exitcode(status)] if done else [])
        return ended[0] if ended else None

    return _Process(pid, poll, partial(_kill_session, pid), reading)


def _spawn(job: Job, importing: float) -> _Process:
    told = Path(job.folder) / "job.json"  # a program is longer than Windows' command lines may be
    told.write_text(job.to_json(), encoding="utf-8")
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "verified_docs.running.child", str(told)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stderr=writing,
    )
    os.close(writing)
    kill = partial(_kill_session, process.pid) if system.signals() else process.kill
    return _Process(process.pid, process.poll, kill, reading, importing)


def _supervise(process: _Process, folder: Path, seconds: float, client: _Client) -> Ending:
    deadline = time.monotonic() + seconds + process.importing
    pause = 0.001
    stopped = None
    while (code := process.poll()) is None:
        if time.monotonic() > deadline:
            stopped = (
                f"still running after {seconds:g} s, its time limit "
                "(`seconds` of a snippet stands in snippets/settings.toml)"
            )
        elif any(_size(folder / name) > OUTPUT_LIMIT for name in ("stdout", "stderr")):
            stopped = _TOO_MUCH
        elif client.left():
            stopped = "interrupted"
        if stopped:
            _ask_where(process, folder)
            break
        time.sleep(pause)
        pause = min(2 * pause, 0.02)
    if stopped:
        while process.poll() is None:
            process.kill()
            time.sleep(0.002)
    elif any(_size(folder / name) > OUTPUT_LIMIT for name in ("stdout", "stderr")):
        stopped = _TOO_MUCH
    process.kill()  # what it started and left behind
    _reap_orphans()
    trace = (folder / "stopped").read_text(errors="replace") if (folder / "stopped").is_file() else ""
    return Ending(code, stopped, trace, _read(process.stderr))


def _read(pipe: int) -> str:
    """What waits in a pipe, which is then closed."""
    if sys.platform != "win32":
        os.set_blocking(pipe, False)  # somebody may have kept the other end
    with os.fdopen(pipe, "rb", buffering=0) as file:
        return (file.read(1 << 16) or b"").decode(errors="replace")


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _ask_where(process: _Process, folder: Path) -> None:
    """Have the child write the line that it is at."""
    if not system.signals():
        return
    before = _size(folder / "stopped")
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGUSR1)
    end = time.monotonic() + _PATIENCE
    while _size(folder / "stopped") == before and time.monotonic() < end and process.poll() is None:
        time.sleep(0.005)
    time.sleep(0.01)  # the dump is a few writes


def _kill_session(session: int) -> None:
    """End the process and all that stayed in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(session, signal.SIGKILL)


def _adopt_orphans() -> None:
    """Grandchildren whose parent has ended become this process's children (prctl PR_SET_CHILD_SUBREAPER)."""
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def _die_with_parent() -> None:
    """A snippet does not outlive its server (prctl PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)


def _reap_orphans() -> None:
    """Kill what a snippet started in sessions of their own."""
    if not system.forks():
        return
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    while pids := children.read_text().split() if children.is_file() else []:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(-1, 0)


def _main(request: dict[str, Any]) -> None:
    if "listener" in request:
        listener = socket.socket(fileno=request["listener"])
        share(request["preload"], listener, at_once=request["at_once"])
        shutil.rmtree(request["folder"], ignore_errors=True)  # an owner that was killed leaves it
        os._exit(0)  # taking apart what was imported would keep the owner waiting
    else:
        serve(request["preload"], fork=request["fork"])


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
