"""The process in which one snippet runs, from a clean start to its results.

It has an empty directory as working directory and home, a memory limit, no network, and `__name__ == "__main__"`. What
it prints goes to files that its parent watches; what it computed and drew goes to `outcome.json`, written last.
"""

from __future__ import annotations

import ast
import faulthandler
import importlib
import io
import json
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from verified_docs.base import disk, system
from verified_docs.base.plain import SameKeys, plain
from verified_docs.running import claims, drawn, leaving, svg

_REASON = 20_000  # bytes of a traceback; a pipe holds them


@dataclass(frozen=True)
class Job:
    """What to run, and where. `folder` holds `work/` and, afterwards, stdout, stderr, stopped and outcome.json.

    Attributes:
        trial: For the ledger: the program's text, how much `by` its seeds are shifted, by which `seed_shift`, and what
            to `preload` before. Claims are then noted in `folder/claims`, and no SVG is made of the figure.
    """

    path: str
    place: str
    folder: str
    root: str
    description: str
    memory_gib: float
    colors: dict[str, str]
    trial: dict[str, Any] | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def start(job: Job) -> NoReturn:
    """Run the snippet and leave the process; where the engine itself fails, stderr as it was before gets the reason."""
    stderr = os.dup(2)
    try:
        run(job)
    except BaseException:
        os.write(stderr, traceback.format_exc().encode(errors="backslashreplace")[-_REASON:])
    finally:
        _really_exit(1)  # the server's loop must not go on here


def run(job: Job) -> NoReturn:
    """Run the snippet and leave the process; never returns."""
    folder = Path(job.folder)
    with open(folder / "stopped", "wb", buffering=0) as stopped:  # where it was when it was stopped
        main, lift_limit = _prepare(job, folder, stopped)
        process = os.getpid()
        outcome: dict[str, Any] = {"error": None, "raised": None, "setting": _shift_seeds(job.trial)}
        started = time.perf_counter()
        try:
            try:
                exec(_compiled(job, main.__dict__), main.__dict__)
            finally:
                lift_limit()  # what the snippet took is still there, and telling needs some too
        except SystemExit as error:
            if error.code not in (None, 0):
                outcome["error"] = f"{job.place}:{_line(error, job.path)}: left with sys.exit({error.code!r})"
        except BaseException as error:  # whatever it is, it is the snippet's
            outcome["error"] = f"{job.place}:{_line(error, job.path)}: {_explained(error, job)}"
            outcome["raised"] = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
        if outcome["error"] is None or os.getpid() != process:
            leaving.wait_and_call()
        outcome["seconds"] = time.perf_counter() - started
        if (
            os.getpid() != process
        ):  # a fork that the snippet made, at the end of the program: no result of its own
            _flush()
            _really_exit(1 if outcome["error"] else 0)
        if _denied:
            # Told even where the snippet caught the error.
            outcome["network"] = f"{job.place}:{_denied[0][0]}: {_denied[0][1]}"
        if outcome["error"] is None:
            try:
                figure = _shown_figure()
                outcome["drawn"] = drawn.describe(figure) if figure else []
                outcome["figure"] = _svg(figure, job) if figure and job.trial is None else None
                outcome["values"] = _values(main.__dict__)
            except Exception as error:
                outcome["error"] = f"{job.place}: {error}"
        outcome["imported"] = _imported(job)
        del main
        if outcome["error"] is None:
            leaving.delete_globals()
        _flush()
        _tell(outcome, folder)
        _really_exit(0)


def _shift_seeds(trial: dict[str, Any] | None) -> str | None:
    """Do so where it is asked for; what is wrong with the function that does it."""
    if not (trial and trial["by"]):
        return None
    try:
        for name in trial["preload"]:  # there already, where this process was forked
            importlib.import_module(name)
        module, _, function = trial["seed_shift"].rpartition(".")
        getattr(importlib.import_module(module), function)(trial["by"])
    except Exception as error:
        return f"seed_shift = {trial['seed_shift']!r}: {type(error).__name__}: {error}"
    return None


def _compiled(job: Job, namespace: dict[str, Any]) -> types.CodeType:
    if job.trial is None:
        # Claims are held under `python -O` too.
        return compile(Path(job.path).read_bytes(), job.path, "exec", dont_inherit=True, optimize=0)
    return claims.compiled(job.trial["source"], job.path, Path(job.folder) / "claims", namespace, _where)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except ValueError:
            pass  # the snippet closed it: what it printed before is there
        except OSError as error:
            if error.errno in disk.FULL:
                raise  # what it printed is not there


_ENCODER = json.JSONEncoder()  # a snippet may replace json.dumps


def _tell(outcome: dict[str, Any], folder: Path) -> None:
    """Write down what came of the snippet, whole or not at all."""
    (folder / "outcome.part").write_text(_ENCODER.encode(outcome), encoding="utf-8")
    os.replace(folder / "outcome.part", folder / "outcome.json")


_denied: list[tuple[int | str, str]] = []
_really_exit = os._exit


def _prepare(job: Job, folder: Path, stopped: Any) -> tuple[types.ModuleType, Callable[[], None]]:
    work, temporary = folder / "work", folder / "tmp"
    work.mkdir()
    temporary.mkdir()
    if system.signals():  # the parent asks so where a snippet is before it stops it
        faulthandler.register(signal.SIGUSR1, file=stopped, all_threads=True)
    faulthandler.enable(file=stopped, all_threads=False)  # and it says so itself where it crashes

    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        target = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, descriptor)
        os.close(target)
    sys.stdin = open(os.devnull, encoding="utf-8")
    os.dup2(sys.stdin.fileno(), 0)
    sys.stdout = _stream(1)
    sys.stderr = _stream(2)

    # The reader's program finds the installed library, not what happens to lie beside the snippet.
    sys.argv = [job.path]
    sys.path[:] = [str(work), *filter(None, sys.path)]
    # Caches that exist (data, fonts) stay where they are; everything else finds an empty home.
    for name, place in system.caches(Path.home()).items():
        os.environ.setdefault(name, place)
    os.environ.update(HOME=str(work), USERPROFILE=str(work), TMPDIR=str(temporary))
    tempfile.tempdir = None  # asked again
    os.chdir(work)

    main = types.ModuleType("__main__")
    main.__file__ = job.path
    main.__dict__["__builtins__"] = __builtins__
    sys.modules["__main__"] = main

    def leave(code: int) -> NoReturn:
        stopped.write(f"os._exit({code}) {_frame_line(job.path)}\n".encode())
        _really_exit(code)

    setattr(os, "_exit", leave)  # noqa: B010  (to name the line that called it)
    leaving.forget_what_was_registered()
    lift_limit = _limit_memory(job.memory_gib)
    sys.addaudithook(_guard(job.path, stopped))
    return main, lift_limit


def _stream(descriptor: int) -> io.TextIOWrapper:
    file = open(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(file, encoding="utf-8", newline="\n", line_buffering=True)


def _limit_memory(gib: float) -> Callable[[], None]:
    """Set the limit; what comes back lifts it."""
    if not system.limits_memory():
        return lambda: None
    import resource

    used = 0
    status = Path("/proc/self/status")
    if status.is_file():
        used = (
            int(
                next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmData"))
            )
            << 10
        )
    limit = used + int(gib * 2**30)
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
    except (ValueError, OSError):
        pass  # an outer limit that is tighter stays
    return lambda: resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _guard(path: str, stopped: Any) -> Any:
    """An audit hook that denies the network, and notes who kills this process."""

    def deny(what: str) -> NoReturn:
        message = f"a snippet runs without network, and this one called {what}"
        _denied.append((_frame_line(path), message))
        raise PermissionError(message)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            connection, address = arguments[0], arguments[1]
            if connection.family != getattr(socket, "AF_UNIX", None) and not _is_local(address):
                deny(f"{event}({address!r})")
        elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
            if not _is_local(arguments):
                deny(f"{event}({arguments[0]!r})")
        elif event in ("os.kill", "os.killpg") and arguments[0] in (0, os.getpid()) and arguments[1]:
            stopped.write(f"{event}(signal {int(arguments[1])}) {_frame_line(path)}\n".encode())

    return hook


def _is_local(address: Any) -> bool:
    host = address[0] if isinstance(address, tuple) and address else address
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    return (
        host in (None, "", "localhost", "::1", "0.0.0.0")
        or str(host).startswith("127.")
        or host == socket.gethostname()
    )


def _frame_line(path: str) -> int | str:
    """The line of the snippet that is being run now."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == path:
            return frame.f_lineno
        frame = frame.f_back
    return "?"


def _line(error: BaseException, path: str) -> int | str:
    """The deepest line of the snippet in the traceback."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or "?"
    lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == path]
    return lines[-1] or "?" if lines else "?"


def _explained(error: BaseException, job: Job) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, MemoryError) or "can't allocate memory" in text or "not enough memory" in text:
        return (
            f"took more memory than its limit of {job.memory_gib:g} GiB ({text}); "
            "`memory_gib` of a snippet stands in snippets/settings.toml"
        )
    if isinstance(error, AssertionError):
        return claim(error, job.path)
    inner = traceback.extract_tb(error.__traceback__)
    if inner and inner[-1].filename != job.path and not isinstance(error, SyntaxError):
        last = inner[-1]
        text += f"\n  raised at {last.filename}:{last.lineno}, in {last.name}"
    return text


def claim(error: AssertionError, path: str) -> str:
    """The claim of the program at `path` that failed, with the values of its names."""
    frames = [
        frame for frame in traceback.walk_tb(error.__traceback__) if frame[0].f_code.co_filename == path
    ]
    if not frames:
        return f"AssertionError: {error}"
    frame, line = frames[-1]
    try:
        source = Path(path).read_text(encoding="utf-8")
    except OSError:  # the program deleted its own file
        return f"AssertionError: {error}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno):
            where = _where(node.test, frame)
            condition = ast.get_source_segment(source, node.test)
            said = f" ({error})" if str(error) else ""
            return f"does not hold: {condition}{said}" + (f"\n  where {where}" if where else "")
    return f"AssertionError: {error}"


def _where(condition: ast.expr, frame: types.FrameType) -> str:
    """The values of the names of `condition`."""
    names = {name.id: None for name in ast.walk(condition) if isinstance(name, ast.Name)}
    namespace = {**frame.f_globals, **frame.f_locals}
    known = {}
    for name in names:
        with suppress(SameKeys):
            known[name] = plain(namespace.get(name))
    return ", ".join(f"{name} = {value!r}" for name, value in known.items() if value is not None)


def _shown_figure() -> Any:
    """The one figure that the snippet has shown, or None."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return None
    from verified_docs import backend

    still_open = [pyplot.figure(number) for number in pyplot.get_fignums()]
    hidden = [figure for figure in still_open if figure not in backend.shown]
    number = len(backend.shown) + len(hidden)
    if not number:
        return None
    if number > 1:
        raise ValueError(f"draws {number} figures; a snippet shows one at most")
    if hidden:
        raise ValueError("draws a figure but never shows it: call plt.show()")
    return backend.shown[0]


def _svg(figure: Any, job: Job) -> str:
    prefix = Path(job.place).with_suffix("").as_posix().split("/", 1)[1].replace("/", "-").replace("_", "-")
    drawing = drawn.as_svg(figure, salt=job.place)
    return svg.themed(drawing, prefix=prefix, description=job.description, colors=job.colors)


def _values(namespace: dict[str, Any]) -> dict[str, Any]:
    """The plain values that a program ends with: numbers, short texts, and short lists and dicts of them."""
    found = {}
    for name, value in namespace.items():
        if not name.startswith("_"):
            try:
                kept = plain(value)
            except SameKeys as error:
                raise ValueError(f"{name} {error}; write all its keys as texts, or call it _{name}") from None
            if kept is not None:
                found[name] = kept
    return found


def _imported(job: Job) -> list[str]:
    """The project's own modules that this run loaded, as paths below the root."""
    root, found = Path(job.root), set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if (
            file
            and file != job.path
            and Path(file).is_relative_to(root)
            and not Path(file).is_relative_to(sys.prefix)
        ):
            found.add(Path(file).relative_to(root).as_posix())
    return sorted(path for path in found if not path.startswith("verified_docs/"))


if __name__ == "__main__":  # where forking is not safe, a process of its own
    start(Job(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
