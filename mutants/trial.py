"""Whether the tests notice a fault: they are run on a copy of the project that has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mutants.mutations import Mutation

PATIENCE = 3000.0  # seconds; what runs longer than that does not end, and is noticed


@dataclass(frozen=True)
class Mutant:
    """A fault in a file, whose path is relative to the project."""

    path: str
    mutation: Mutation

    def __str__(self) -> str:
        return f"{self.path}:{self.mutation}"


def is_killed(mutant: Mutant, copy: Path, package: str) -> bool:
    """Whether a test fails: of its module's own first, then of its folder's and of those that look at the whole."""
    file = copy / mutant.path
    source = file.read_text(encoding="utf-8")
    file.write_text(mutant.mutation.applied(source), encoding="utf-8")
    try:
        return any(_failure(copy, of(copy, mutant.path, package)) for of in (near_tests, wide_tests))
    finally:
        file.write_text(source, encoding="utf-8")


def refuse_failing(paths: Iterable[str], copy: Path, package: str) -> None:
    """Raise a RuntimeError if the tests of these files fail as they are: they would notice any fault."""
    tests = {test for path in paths for of in (near_tests, wide_tests) for test in of(copy, path, package)}
    if failure := _failure(copy, sorted(tests)):
        raise RuntimeError(f"tests fail without a fault, and would notice any:\n{failure}")


def near_tests(root: Path, path: str, package: str) -> list[str]:
    """A module itself, where it has doctests, and the files of tests named for it or for what its name begins with.

    `gradients/gradient_clipping_callback.py` has none of its own: then those of `gradient_clipping` are near.
    """
    module = Path(path).relative_to(package)
    words = module.stem.split("_")
    itself = [path] if ">>> " in (root / path).read_text(encoding="utf-8") else []
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count])
        found = sorted((root / "tests" / module.parent).glob(f"test_{name}*.py"))
        if found:
            return [*itself, *(str(file.relative_to(root)) for file in found)]
    return itself


def wide_tests(root: Path, path: str, package: str) -> list[str]:
    """The tests of a module's folder, and those beside the folders that look at the whole package.

    What does not name it is of another: the engine's tests, for one, run programs that a fault would change as well, and
    what only a program's digits show is a hole in the tests all the same.
    """
    parts = Path(path).relative_to(package).parts[:-1]
    folder = [Path("tests", *parts)] if parts and (root / "tests" / Path(*parts)).is_dir() else []
    whole = [
        file.relative_to(root)
        for file in sorted((root / "tests").glob("test_*.py"))
        if package in file.read_text(encoding="utf-8")
    ]
    return [str(file) for file in (*folder, *whole)]


@contextmanager
def copied(root: Path) -> Iterator[Path]:
    """A copy of the files that git knows, which is gone afterwards."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout
    with TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as folder:
        for name in filter(None, listed.decode().split("\0")):
            if (root / name).is_file():
                (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, Path(folder) / name)
        yield Path(folder)


def _failure(copy: Path, tests: Sequence[str]) -> str:
    """What pytest says of the first test that fails; empty where none does, or there is none."""
    if not tests:
        return ""  # without a name, pytest would run all there are
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        ended = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no end within {PATIENCE:.0f} s"
    said = f"{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
    if ended.returncode not in (0, 1, 2, 5):  # 2: a module cannot be imported; 5: there is no test
        raise RuntimeError(f"pytest ended with {ended.returncode}:\n{said}")
    return said if ended.returncode in (1, 2) else ""
