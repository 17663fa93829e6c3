"""The finished runs of a study: of its record, of parts that are kept for another day, and of the git-ignored cache.

A study that takes longer than one sitting is recorded in parts: `study --keep` puts what is finished into one file to be
committed, `studies/results/<name>.parts.json`, and the next `study` goes on from there.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from verified_docs.base import files
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.studies.worker import Outcome, key


@dataclass(frozen=True)
class Run:
    """One finished run; `made` says on which day, by which processor, perhaps of which kind, and with which versions."""

    settings: dict[str, Any]
    seed: int
    metrics: dict[str, Any]
    seconds: float
    made: dict[str, Any]

    @property
    def key(self) -> str:
        return key(self.settings, self.seed)

    @property
    def kind(self) -> str | None:
        """The kind of processor that it was made on; None where that is not known."""
        kind: str | None = self.made.get("kind")
        return kind

    @classmethod
    def of(cls, outcome: Outcome, kind: str | None = None) -> Run:
        settings, seed = json.loads(outcome.key)
        made = {"day": datetime.date.today().isoformat(), **outcome.made, **({"kind": kind} if kind else {})}
        return cls(settings, seed, outcome.metrics, float(f"{outcome.seconds:.3g}"), made)


def finished(file: StudyFile, computing: str) -> dict[str, Run]:
    """Every run that the present program can be spared, by its key."""
    found = {run.key: run for run in [*recorded(file, computing), *_in_parts(file, computing)]}
    for path in sorted(file.kept.glob("*.json")):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            if held.pop("computing") == computing:
                run = Run(**{**held, "metrics": record.decoded(held["metrics"])})
                found.setdefault(run.key, run)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # not one of ours: its run is made again
    return found


def keep(file: StudyFile, computing: str, run: Run) -> None:
    """Write a run down, whole or not at all."""
    held = {"computing": computing, **asdict(run), "metrics": record.encoded(run.metrics)}
    name = files.digest(f"{computing} {run.key}")[:24]
    files.replace(file.kept / f"{name}.json", json.dumps(held, allow_nan=False))


def recorded(file: StudyFile, computing: str | None = None) -> list[Run]:
    """The runs that the record holds, where what computes is still the same; its text or figure may be torn.

    Where a run does not say on which kind of processor it was made, it was made on the record's.
    """
    try:
        whole = json.loads(record.paths(file)[0].read_text(encoding="utf-8"))
        held, known = whole["study"], {"kind": whole["kind"]} if whole.get("kind") else {}
        if computing not in (None, held["computing"]):
            return []
        return _runs(held, known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []  # none, or a merge that is not done: the runs in the cache are still there


def keep_parts(file: StudyFile, computing: str) -> int:
    """Put every run of the present program that its record has not yet into its parts; how many these are."""
    known = {run.key for run in recorded(file, computing)}
    runs = [run for key, run in finished(file, computing).items() if key not in known]
    if runs:
        files.replace(file.parts, json.dumps(as_record(computing, runs), indent=0, allow_nan=False) + "\n")
    return len(runs)


def _in_parts(file: StudyFile, computing: str) -> list[Run]:
    try:
        held = json.loads(file.parts.read_text(encoding="utf-8"))
        return _runs(held, {}) if held["computing"] == computing else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return []


def _runs(held: dict[str, Any], known: dict[str, Any]) -> list[Run]:
    """As `as_record` wrote them; where one does not say how it was made, `known` does."""
    made = [{**known, **one} for one in held["made"]]
    return [
        Run(**{**one, "metrics": record.decoded(one["metrics"]), "made": made[one["made"]]})
        for one in held["runs"]
    ]


def as_record(computing: str, runs: Iterable[Run]) -> dict[str, Any]:
    """What the record keeps of the runs: sorted, and where they were made said once."""
    ordered = sorted(runs, key=lambda run: run.key)
    made = sorted({json.dumps(run.made) for run in ordered})
    lines = [
        {
            "settings": run.settings,
            "seed": run.seed,
            "metrics": record.encoded(run.metrics),
            "seconds": run.seconds,
            "made": made.index(json.dumps(run.made)),
        }
        for run in ordered
    ]
    return {"computing": computing, "made": [json.loads(one) for one in made], "runs": lines}
