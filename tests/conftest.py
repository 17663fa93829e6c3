"""What tests of several folders use."""

import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import HealthCheck, settings

import lightning_modules

sys.path.append(str(Path(__file__).parent))  # For the helper beside this file, in any import mode.

from forking import FORKS, PATIENCE, Forking

# A machine that is busy with other things takes its time, which is no fault of what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def pytest_collection_finish() -> None:
    """What tests import is there by now, and stays: nobody need look through it for garbage, again and again."""
    gc.collect()
    gc.freeze()


LIBRARY = str(Path(lightning_modules.__file__).parents[1])
# What the library's programs import first, and what takes its time. Of the library nothing is there beforehand.
TORCH = ("torch", "torchmetrics", "sklearn.datasets")
LIGHTNING = (*TORCH, "pytorch_lightning")


class RunFile(Protocol):
    """Runs a file as a process of its own, one thread a process, and says how it ended."""

    def __call__(
        self, path: Path, *arguments: str, cwd: Path, lightning: bool = True
    ) -> subprocess.CompletedProcess[str]: ...


class RunProgram(Protocol):
    """Runs a program, whose arguments are `tmp_path` and what else is given; that it ends with an error is one.

    Where processes are forked it finds torch imported, and with `lightning` pytorch_lightning, too; not the library.
    """

    def __call__(
        self, text: str, *arguments: str, lightning: bool = True
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def run_file() -> Iterator[RunFile]:
    """Run files, each of them in a process that is forked from one that has imported torch; elsewhere anew."""
    with ExitStack() as running:

        @cache
        def forking(preload: tuple[str, ...]) -> Forking:
            started = Forking(preload, LIBRARY)
            running.callback(started.close)
            return started

        def run(
            path: Path, *arguments: str, cwd: Path, lightning: bool = True
        ) -> subprocess.CompletedProcess[str]:
            if FORKS:
                return forking(LIGHTNING if lightning else TORCH).run(path, *arguments, cwd=cwd)
            command = [sys.executable, path, *arguments]
            env = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": LIBRARY}
            return subprocess.run(
                command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
            )

        yield run


@pytest.fixture
def run_program(tmp_path: Path, run_file: RunFile) -> RunProgram:
    """Run a program that a test has in a text."""

    def run(text: str, *arguments: str, lightning: bool = True) -> subprocess.CompletedProcess[str]:
        if "ddp_fork" in text and not FORKS:
            pytest.skip("a process that has imported torch is forked on Linux only")
        path, cwd = tmp_path / "program.py", tmp_path / "cwd"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        cwd.mkdir(exist_ok=True)
        done = run_file(path, str(tmp_path), *arguments, cwd=cwd, lightning=lightning)
        assert done.returncode == 0, f"ended with code {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    return run
