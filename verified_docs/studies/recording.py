"""From a study's file to its record: run what is not there yet, choose, evaluate, judge, draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from verified_docs.base.config import Config
from verified_docs.base.errors import DocsError
from verified_docs.base.plain import SameKeys, plain
from verified_docs.base.progress import Progress
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record
from verified_docs.running import child, drawn, svg
from verified_docs.studies import runs, summary
from verified_docs.studies.pool import Pool
from verified_docs.studies.results import Results
from verified_docs.studies.runs import Run
from verified_docs.studies.worker import Task, key
from verified_docs.study import Settings, Study

Cell = tuple[Settings, int]


@dataclass(frozen=True)
class Plan:
    """The runs of a study, which of them are finished, and the kind of processor that the others are made on."""

    file: StudyFile
    study: Study
    computing: str
    finished: dict[str, Run]
    kind: str | None = None

    @classmethod
    def of(cls, file: StudyFile, study: Study, kind: str | None = None) -> Plan:
        computing = file.computing(study)
        return cls(file, study, computing, runs.finished(file, computing), kind)

    def tuning(self) -> Iterator[Cell]:
        """What settings are chosen by."""
        for name in self.study.alternatives:
            tune = self.study.tune_of(name)
            for value in tune.values if tune else ():
                for seed in self.study.tuning_seeds:
                    yield self.study.settings(name, value), seed

    def evaluation(self, results: Results) -> Iterator[Cell]:
        """What alternatives are compared by, when the tuning runs are known."""
        for name in self.study.alternatives:
            for value in results.contenders(name):
                for seed in results.seeds(name):
                    yield self.study.settings(name, value), seed

    def missing(self, cells: Iterable[Cell]) -> list[Cell]:
        """The cells whose run is not there, each once."""
        return list({key(*cell): cell for cell in cells if key(*cell) not in self.finished}.values())


def record_study(file: StudyFile, pool: Pool, kind: str | None = None) -> Results:
    """Make the record of `file`; runs that are finished, in this call or before, are not made again.

    `kind` is the kind of processor that runs are made on, where it is known.
    """
    module = file.module()
    plan = Plan.of(file, module.study, kind)
    _of_one_kind(plan)
    results = Results(plan.study, plan.finished)
    _run(plan, plan.missing(plan.tuning()), "choosing", pool)
    edges = results.at_edge()
    if edges:
        raise DocsError(
            "\n".join(
                [f"{file.place}: the best value is at the end of a grid:", *(f"  {edge}" for edge in edges)]
            )
            + "\nFinished runs are kept: only the new values are run. Where nothing lies beyond, say so: Tune(limits=…)."
        )
    _run(plan, plan.missing(plan.evaluation(results)), "comparing", pool)
    record.save(file, _as_record(plan, module, results))
    file.parts.unlink(missing_ok=True)
    return results


def _run(plan: Plan, cells: Sequence[Cell], what: str, pool: Pool) -> None:
    if not cells:
        return
    file, config = plan.file, plan.file.config
    env = pinned(config)
    tasks = [
        Task(file.source, str(file.path), settings, seed, env, config.preload) for settings, seed in cells
    ]
    spent = [run.seconds for run in plan.finished.values()] or [plan.study.seconds_per_run]
    progress = Progress(f"{file.path.stem}, {what}", len(tasks), sum(spent) / len(spent), pool.workers)
    try:
        for outcome in pool.run(tasks):
            if outcome.error is not None:
                raise DocsError(
                    f"{file.place}: {outcome.error}\n  in the run of {outcome.key}; what ended before is kept"
                )
            run = Run.of(outcome, plan.kind)
            _of_one_kind(plan, run)
            runs.keep(file, plan.computing, run)
            plan.finished[run.key] = run
            progress.add(run.seconds)
    finally:
        progress.close()


def _of_one_kind(plan: Plan, *more: Run) -> None:
    """Refuse to compare numbers of two kinds of processor; a run that does not know its kind fits to any."""
    kinds = {run.kind for run in (*plan.finished.values(), *more)}
    names = sorted(kind for kind in kinds if kind is not None)
    if len(names) > 1:
        file = plan.file
        raise DocsError(
            f"{file.place}: its runs would be of {len(names)} kinds of processor, {' and '.join(names)}, and what is "
            "compared seed by seed is to be of one. Go on where the finished ones were made; or make all of them anew: "
            f"delete studies/results/{file.path.stem}.json and {file.kept}"
        )


def pinned(config: Config) -> dict[str, str]:
    """The part of the environment that numbers depend on: not where files are, which differs among machines."""
    return {name: value for name, value in config.env.items() if str(config.root) not in value}


def _as_record(plan: Plan, module: ModuleType, results: Results) -> record.Record:
    file, used = plan.file, results.used()
    kinds_used = {run.kind for run in used}
    kind = next(iter(kinds_used), None)
    figure, data = _figure(file, module, results)
    return record.Record(
        source=file.digest,
        text=summary.table(results),
        figure=figure,
        drawn=data,
        values=summary.values(results, _numbers(file, module, results)),
        seconds=sum(run.seconds for run in used),
        style=file.config.style if figure else None,
        study=runs.as_record(plan.computing, used),
        kind=kind if len(kinds_used) == 1 else None,
    )


def _numbers(file: StudyFile, module: ModuleType, results: Results) -> dict[str, Any]:
    if not hasattr(module, "numbers"):
        return {}
    try:
        found = plain(module.numbers(results))
    except SameKeys as error:
        raise DocsError(
            f"{file.place}: what numbers(results) returns {error}; write all its keys as texts"
        ) from None
    except AssertionError as error:
        claim = child.claim(error, str(file.path))
        raise DocsError(f"{file.place}: {claim}\nIts runs are kept; mend the claim") from error
    if not isinstance(found, dict):
        raise DocsError(
            f"{file.place}: numbers(results) is to return a dict of numbers, short texts, lists and dicts of them"
        )
    return found


def _figure(file: StudyFile, module: ModuleType, results: Results) -> tuple[str | None, list[dict[str, Any]]]:
    if not hasattr(module, "draw"):
        return None, []
    if not file.caption:
        raise DocsError(
            f"{file.place}:1: draws a figure: its docstring must say, below the question, what it shows"
        )
    import matplotlib.pyplot as plt

    figure = module.draw(results)
    if not hasattr(figure, "savefig"):
        raise DocsError(
            f"{file.place}: draw(results) is to return one matplotlib figure; it returned {figure!r}"
        )
    drawing = drawn.as_svg(figure, salt=file.place)
    prefix = file.name.replace("/", "-").replace("_", "-")
    try:
        inlined = svg.themed(
            drawing, prefix=prefix, description=file.caption, colors=dict(file.config.colors)
        )
        return inlined, drawn.describe(figure)
    except ValueError as error:  # too much for a page
        raise DocsError(f"{file.place}: {error}") from error
    finally:
        plt.close(figure)
