"""Programs in processes of their own that need not import torch for themselves: `Forking` has, and forks.

`python tests/forking.py MODULE …` imports the modules and then does nothing but fork. A line of JSON on its stdin is a
program, a line on its stdout the code that it has ended with.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

PATIENCE = 300.0  # seconds: processes that wait for one another would wait for ever
FORKS = sys.platform == "linux"  # elsewhere a process that has imported torch is not safe to fork


class Forking:
    """A process that has imported modules and forks for each program. It has one thread, and so have the programs.

    Args:
        preload: The modules, by name.
        path: Where Python is to look for modules before anywhere else.
    """

    def __init__(self, preload: Sequence[str], path: str) -> None:
        self._preload = preload
        self._fixed = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
        self._server = subprocess.Popen(
            [sys.executable, __file__, *preload],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | self._fixed,
        )

    def run(
        self, program: Path, *arguments: str, cwd: Path, patience: float = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as `python program.py …` would, with the environment that there is now, and wait for it.

        Nothing that it has started outlives this. What stopped it is told as `subprocess.run` would.

        Raises:
            subprocess.TimeoutExpired: Where it is still running after `patience` seconds.
            ChildProcessError: Where there is nothing left to fork from.
        """
        argv = [str(program), *arguments]
        with tempfile.TemporaryDirectory() as folder:
            texts = [Path(folder) / name for name in ("out", "err")]
            asked = {
                "argv": argv,
                "cwd": str(cwd),
                "environment": {**os.environ, **self._fixed},
                "texts": list(map(str, texts)),
                "patience": patience,
            }
            assert self._server.stdin and self._server.stdout
            with suppress(BrokenPipeError):
                self._server.stdin.write(json.dumps(asked) + "\n")
                self._server.stdin.flush()
            line = self._server.stdout.readline()
            if not line:
                self._server.wait()
                raise ChildProcessError(
                    f"the process that is to fork ended with code {self._server.returncode}: what it imports, or how it "
                    f"was ended, stands above ({' '.join(self._preload)})"
                )
            code = json.loads(line)
            out, err = (path.read_text(encoding="utf-8") for path in texts)
        if code is None:
            raise subprocess.TimeoutExpired(argv, patience, out, err)
        return subprocess.CompletedProcess(argv, code, out, err)

    def close(self) -> None:
        """End the process; it would take a second to take apart what it has imported."""
        self._server.kill()
        with suppress(BrokenPipeError):
            self._server.communicate()


def serve() -> dict[str, Any] | None:
    """Fork for each program until stdin closes; returns in the child, with what is asked of it."""
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        for name in asked["texts"]:
            Path(name).touch()
        child = os.fork()
        if child == 0:
            return asked
        with suppress(ProcessLookupError, PermissionError):
            os.setpgid(child, child)  # so does the child: whoever comes first
        print(json.dumps(_how_it_ends(child, asked["patience"])), flush=True)
    return None


def _how_it_ends(child: int, patience: float) -> int | None:
    """The exit code of a child, or None where it takes longer; what it has started and left behind ends with it."""
    ended, status, until = 0, 0, time.monotonic() + patience
    while not ended and time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0 if ended else 0.01)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    if not ended:
        os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) if ended else None


def become(asked: dict[str, Any]) -> None:
    """Run the program in this process."""
    with suppress(PermissionError):
        os.setpgid(0, 0)
    for number, name in enumerate([os.devnull, *asked["texts"]]):
        opened = os.open(name, os.O_WRONLY if number else os.O_RDONLY)
        os.dup2(opened, number)
        os.close(opened)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["cwd"])
    sys.argv = asked["argv"]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()  # a program's collector need not look through what was imported, at its end least of all
    if (program := serve()) is not None:
        become(program)
