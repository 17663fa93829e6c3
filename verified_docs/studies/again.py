"""Whether a recorded study still gives what it gave: some of its runs are made again.

Which, the commit decides: of one study any two, of every other one two that are quick beside those of the same
alternative and together within `QUICK.budget` seconds. So each alternative of each study may come up at every commit,
each run where its study has its turn, or when more are asked for; without a git checkout they are always the same. On the
record's kind of processor they are held to their own numbers, on another to those of their settings (`elsewhere`).
"""

from __future__ import annotations

import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from pathlib import Path
from types import TracebackType
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
from verified_docs.study import Metric, Study


@dataclass(frozen=True)
class Pick:
    """Which runs of a study may be chosen, by the seconds that they took.

    Attributes:
        share: The part of each alternative's runs, the quickest first.
        longest: What each may have taken.
        budget: What all that are chosen may have taken together. One is chosen even so.
        count: How many are chosen at most.
    """

    share: float = 1.0
    longest: float = 30.0
    budget: float = math.inf
    count: int = 2


QUICK = Pick(share=0.25, budget=8.0)
ANY = Pick()
MANY = Pick(longest=math.inf, count=6)


class TooFewSeeds(DocsError):
    """No settings of a study have enough seeds to tell what one more may give."""


def pick(file: StudyFile, files: Collection[StudyFile], commit: str) -> Pick:
    """What is made again of `file`, one of `files`: of one of them, which the commit decides, any runs."""
    turn = random.Random(commit).choice(sorted(one.name for one in files))
    return ANY if file.name == turn else QUICK


def chosen(file: StudyFile, commit: str, pick: Pick = ANY, *, same_kind: bool = True) -> list[Run]:
    """The recorded runs to make again, of as many alternatives as can be.

    Args:
        file: A recorded study.
        commit: Decides.
        pick: Which may be chosen.
        same_kind: Whether this processor is of the record's kind.

    Raises:
        TooFewSeeds: Where, on another, nothing tells what a run may give.
    """
    study, among = file.module().study, runs.recorded(file)
    if not same_kind:
        among = elsewhere.comparable(among, study)
        if not among:
            raise TooFewSeeds(
                f"{file.place}: no settings have {elsewhere.LEAST} seeds with finite numbers, which tell what runs "
                "may give on another kind of processor; give the study more seeds"
            )
    draw = random.Random(f"{commit} {file.name}")
    found: list[Run] = []
    for run in _drawn(_by_alternative(among, study), pick, draw):
        spent = sum(one.seconds for one in [*found, run])
        if found and (len(found) == pick.count or spent > pick.budget):
            break
        found.append(run)
    return found


def _by_alternative(among: Sequence[Run], study: Study) -> list[list[Run]]:
    """The runs of each alternative, the quickest first."""
    found: dict[str, list[Run]] = {}
    for run in sorted(among, key=lambda run: (run.seconds, run.key)):
        of = [name for name, has in study.alternatives.items() if has.items() <= run.settings.items()]
        found.setdefault(max(of, key=lambda name: len(study.alternatives[name]), default=""), []).append(run)
    return [runs for _, runs in sorted(found.items())]


def _drawn(alternatives: Sequence[Sequence[Run]], pick: Pick, draw: random.Random) -> Iterator[Run]:
    """The runs that may be chosen, one of each alternative after the other; the quickest, where all take too long."""
    quick = [[run for run in runs if run.seconds <= pick.longest] for runs in alternatives]
    if not any(quick):
        yield from sorted(chain.from_iterable(alternatives), key=lambda run: (run.seconds, run.key))
        return
    of_each = [
        draw.sample(runs[: math.ceil(len(runs) * pick.share)], math.ceil(len(runs) * pick.share))
        for runs in quick
    ]
    draw.shuffle(of_each)
    yield from (run for turn in zip_longest(*of_each) for run in turn if run is not None)


def commit(root: Path) -> str:
    """The checked out commit; empty where there is none."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def complaints(file: StudyFile, process: Process, pick: Pick = ANY, *, same_kind: bool) -> list[str]:
    """Make some runs again; what they should not have given, a message each.

    Args:
        file: A recorded study.
        process: Where its runs are made.
        pick: Which of its runs.
        same_kind: Whether this processor is of the record's kind.

    Raises:
        DocsError: Where the record is missing or stale, or where a run fails.
        DataUnavailable: Where a run needs data that cannot be had here.
        TooFewSeeds: Where, on another kind, nothing tells what a run may give.
    """
    record.fresh(file)
    metrics = file.module().study.metrics
    found = []
    held = chosen(file, commit(file.config.root), pick, same_kind=same_kind)
    for before, now in zip(held, process.outcomes(file, held), strict=True):
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


class Process:
    """A process that makes runs again, of any studies, one after the other; it starts with the first.

    Args:
        config: The project.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._worker:
            self._worker.kill()
            self._worker.communicate()

    def outcomes(self, file: StudyFile, held: Sequence[Run]) -> list[Outcome]:
        """What the same runs give.

        Raises:
            DocsError: Where one fails.
            DataUnavailable: Where one needs data that cannot be had here.
        """
        return [self._outcome(file, run) for run in held]

    def _outcome(self, file: StudyFile, run: Run) -> Outcome:
        config = self._config
        task = Task(file.source, str(file.path), run.settings, run.seed, pinned(config), config.preload)
        worker = self._worker = self._worker or _started(config)
        reply = _asked(worker, json.dumps(asdict(task)))
        if not reply:
            self._worker = None
            worker.communicate()
            raise DocsError(
                f"{file.place}: the process that made its runs again ended with code {worker.returncode}\n"
                f"  in the run of {run.key}"
            )
        outcome = Outcome(**json.loads(reply))
        if outcome.error is not None:
            message = f"{file.place}: {outcome.error}\n  in the run of {outcome.key}"
            raise DataUnavailable(message) if _lacks_data(outcome, config) else DocsError(message)
        return outcome


def _asked(worker: subprocess.Popen[str], line: str) -> str:
    """A line there, a line back; empty where the process has ended."""
    assert worker.stdin and worker.stdout
    try:
        worker.stdin.write(f"{line}\n")
        worker.stdin.flush()
        return worker.stdout.readline()
    except OSError:
        return ""


def _started(config: Config) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "verified_docs.studies.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        cwd=config.root,
        env={**os.environ, **config.env, "PYTHONPATH": with_engine(os.environ.get("PYTHONPATH"))},
    )


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
