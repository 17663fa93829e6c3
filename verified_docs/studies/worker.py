"""One run of a study, in a process of its own kind: one thread, the pinned environment, an empty working directory.

`python -m verified_docs.studies.worker` reads tasks as JSON, a line each, and answers each with a line.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from verified_docs.base import processor
from verified_docs.programs.study_file import module_from
from verified_docs.study import Study

_ONE_AT_A_TIME = (
    threading.Lock()
)  # a cluster's worker may have threads; seeds and directory belong to the process


@dataclass(frozen=True)
class Task:
    """What to run. `env` is what the process must have been started with, `preload` names modules to tell versions of.

    Attributes:
        owner: The process that ends with its workers, where it started them.
        within: The folder of the owner in which a run has its own.
    """

    source: str
    path: str
    settings: dict[str, Any]
    seed: int
    env: dict[str, str]
    preload: tuple[str, ...]
    owner: int | None = None
    within: str | None = None

    @property
    def key(self) -> str:
        """What tells runs apart, as JSON."""
        return key(self.settings, self.seed)


@dataclass(frozen=True)
class Outcome:
    """What came of a task: its metrics, or why there are none.

    Attributes:
        key: The task's.
        made: Where it was run: the processor, and the versions of Python and of what is preloaded.
        raised: The names of the error's classes.
    """

    key: str
    metrics: dict[str, Any]
    seconds: float
    made: dict[str, Any]
    error: str | None = None
    raised: tuple[str, ...] = ()


def key(settings: Mapping[str, Any], seed: int) -> str:
    return json.dumps([settings, seed], sort_keys=True)


def run(task: Task) -> Outcome:
    """Run `task`; an error of the study is an outcome, too."""
    made = tempfile.TemporaryDirectory(prefix="study-", dir=task.within)
    with _ONE_AT_A_TIME, made as folder, contextlib.chdir(folder):
        _end_with(task.owner, task.within or folder)
        unset = {name: value for name, value in task.env.items() if os.environ.get(name) != value}
        if unset:
            start = " ".join(f"{name}={value}" for name, value in sorted(unset.items()))
            return Outcome(task.key, {}, 0.0, {}, f"{platform.node()}: start this worker with {start}")
        try:
            study: Study = module_from(task.source, task.path).study
            started = time.perf_counter()
            returned = study.run(dict(task.settings), task.seed)
            seconds = time.perf_counter() - started
            metrics = _checked(returned, study)
        except Exception as error:
            kinds = tuple(f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
            return Outcome(task.key, {}, 0.0, {}, _explained(error, task.path), kinds)
        return Outcome(task.key, metrics, seconds, _made(task.preload))


def _checked(returned: Any, study: Study) -> dict[str, Any]:
    if not isinstance(returned, Mapping):
        raise TypeError(f"run returned {returned!r}; it is to return numbers by name")
    metrics = {str(name): _plain(name, value) for name, value in returned.items()}
    for name in study.metrics:
        if not isinstance(metrics.get(name), float):
            raise TypeError(
                f"run returned {name} = {returned[name]!r}, which is no number"
                if name in metrics
                else f"run returned no {name!r}, which is one of the study's metrics"
            )
    return metrics


def _plain(name: str, value: Any) -> Any:
    """A number to seven digits, or a list of such."""
    if hasattr(value, "tolist"):
        value = value.tolist()  # NumPy's and torch's
    if isinstance(value, list | tuple):
        return [_plain(name, one) for one in value]
    if isinstance(value, int | float):
        return float(f"{value:.7g}") if math.isfinite(value) else float(value)
    raise TypeError(f"run returned {name} = {value!r}; it is to be a number, or a list of numbers")


def _explained(error: Exception, path: str) -> str:
    lines = [entry.lineno for entry in traceback.extract_tb(error.__traceback__) if entry.filename == path]
    return (f"line {lines[-1]}: " if lines else "") + f"{type(error).__name__}: {error}"


@cache
def _made(preload: tuple[str, ...]) -> dict[str, Any]:
    from importlib import metadata

    packages = metadata.packages_distributions()
    roots = sorted({name.partition(".")[0] for name in preload} & packages.keys())
    versions = {packages[root][0]: metadata.version(packages[root][0]).partition("+")[0] for root in roots}
    return {"processor": processor.name(), "versions": {"python": platform.python_version(), **versions}}


_watching: list[threading.Thread] = []


def _end_with(owner: int | None, folder: str) -> None:
    """Leave this process, and no folder, when the one that started it is gone, killed perhaps."""
    if owner is None or _watching or os.getppid() != owner:
        return

    def watch() -> None:
        while os.getppid() == owner:
            time.sleep(0.2)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    _watching.append(threading.Thread(target=watch, daemon=True))
    _watching[0].start()


def main() -> None:
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a run prints is no reply
    for line in sys.stdin:
        held = json.loads(line)
        outcome = run(Task(**{**held, "preload": tuple(held["preload"])}))
        replies.write(json.dumps(asdict(outcome)) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
