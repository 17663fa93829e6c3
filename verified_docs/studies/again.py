"""Whether a recorded study still gives what it gave: two of its runs are made again.

Which two, the commit decides, so that in time all have their turn; without a git checkout they are always the same. On
the record's kind of processor they are held to their own numbers, on another to those of their settings (`elsewhere`).
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from verified_docs.base import nearness
from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.running.launch import with_engine
from verified_docs.running.runner import DataUnavailable, is_error_of
from verified_docs.studies import elsewhere, runs
from verified_docs.studies.recording import pinned
from verified_docs.studies.runs import Run
from verified_docs.studies.worker import Outcome, Task
from verified_docs.study import Metric

LONGEST = 30.0  # seconds that a run may have taken to be chosen, where two are so quick


class TooFewSeeds(DocsError):
    """No settings of a study have enough seeds to tell what one more may give."""


def chosen(file: StudyFile, commit: str, count: int = 2, *, same_kind: bool = True) -> list[Run]:
    """The recorded runs to make again, on the record's kind of processor or on another.

    Raises:
        TooFewSeeds: Where, on another, nothing tells what a run may give.
    """
    among = runs.recorded(file)
    if not same_kind:
        among = elsewhere.comparable(among, file.module().study)
        if not among:
            raise TooFewSeeds(
                f"{file.place}: no settings have {elsewhere.LEAST} seeds with finite numbers, which tell what runs "
                "may give on another kind of processor; give the study more seeds"
            )
    quickest = sorted(among, key=lambda run: run.seconds)
    quick = [run for run in quickest if run.seconds <= LONGEST]
    among = sorted(quick if len(quick) >= count else quickest[:count], key=lambda run: run.key)
    return random.Random(f"{commit} {file.name}").sample(among, min(count, len(among)))


def commit(root: Path) -> str:
    """The checked out commit; empty where there is none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def complaints(file: StudyFile, *, same_kind: bool) -> list[str]:
    """Make two runs again; what they should not have given, a message each.

    Args:
        file: A recorded study.
        same_kind: Whether this processor is of the record's kind.

    Raises:
        DocsError: Where the record is missing or stale, or where a run fails.
        DataUnavailable: Where a run needs data that cannot be had here.
        TooFewSeeds: Where, on another kind, nothing tells what a run may give.
    """
    record.fresh(file)
    metrics = file.module().study.metrics
    found = []
    held = chosen(file, commit(file.config.root), same_kind=same_kind)
    for before, now in zip(held, _outcomes(file, held), strict=True):
        told = differences(metrics, before.metrics, now.metrics)
        if same_kind:
            found += [
                f"{file.place}: the run of {now.key} does not give what was recorded: {difference}\n"
                f"If the new results are right, delete studies/results/{file.path.stem}.json and {file.kept}, "
                f"and record it whole: {file.how_to_accept}"
                for difference in told.values()
            ]
        elif told:
            far = {name: metrics[name] for name in told}
            found += [
                f"{file.place}: the run of {now.key} does not give what another kind of processor may: {difference}\n"
                "About one right run in a thousand does not. Where runs that other commits choose do not either, "
                "something computes wrongly here."
                for difference in elsewhere.differences(far, _same(file, before), now.metrics)
            ]
    return found


def _same(file: StudyFile, run: Run) -> list[dict[str, Any]]:
    """The recorded numbers of the evaluation runs with the same settings."""
    cells = elsewhere.evaluated(runs.recorded(file), file.module().study)
    return [one.metrics for cell in cells for one in cell if one.settings == run.settings]


def _outcomes(file: StudyFile, held: Sequence[Run]) -> list[Outcome]:
    """The same runs, in one process of their own."""
    config = file.config
    tasks = [
        Task(file.source, str(file.path), run.settings, run.seed, pinned(config), config.preload)
        for run in held
    ]
    done = subprocess.run(
        [sys.executable, "-m", "verified_docs.studies.worker"],
        input="".join(f"{json.dumps(asdict(task))}\n" for task in tasks),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=config.root,
        env={**os.environ, **config.env, "PYTHONPATH": with_engine(os.environ.get("PYTHONPATH"))},
        check=False,
    )
    outcomes = [Outcome(**json.loads(line)) for line in done.stdout.splitlines()]
    for outcome in outcomes:
        if outcome.error is not None:
            message = f"{file.place}: {outcome.error}\n  in the run of {outcome.key}"
            raise DataUnavailable(message) if _lacks_data(outcome, config) else DocsError(message)
    if len(outcomes) < len(tasks):
        raise DocsError(
            f"{file.place}: the process that made its runs again ended with code {done.returncode}"
        )
    return outcomes


def _lacks_data(outcome: Outcome, config: Config) -> bool:
    return any(is_error_of(public, one) for public in config.data.values() for one in outcome.raised)


def differences(metrics: dict[str, Metric], before: dict[str, Any], now: dict[str, Any]) -> dict[str, str]:
    """How each declared metric differs that is further from the recorded one than its tolerance."""
    found = {}
    for name, metric in metrics.items():
        old, new = before[name], now[name]
        both_diverged = not math.isfinite(old) and not math.isfinite(new)
        allowed = nearness.measured(old, tolerance=metric.tolerance)
        if not both_diverged and not abs(old - new) <= allowed:
            found[name] = f"{name} is {new!r} instead of {old!r}; allowed is ±{metric.tolerance:g}"
    return found
