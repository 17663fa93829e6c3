"""The results of a study as prose quotes them, and as the table that pages show."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from verified_docs.studies.choosing import COVERED, DRAWINGS
from verified_docs.studies.paired import Interval
from verified_docs.studies.results import MOST_SEEDS, Results
from verified_docs.study import Metric


def values(results: Results, numbers: dict[str, Any]) -> dict[str, Any]:
    """What `{{ studies/<name>.…}}` finds."""
    study, runs = results.study, results.used()
    names, metrics = results.alternatives, study.metrics
    tuned = [name for name in names if study.tune_of(name)]
    means = {metric: {name: results.mean(name, metric) for name in names} for metric in metrics}
    shown = _metrics_shown(results)
    found: dict[str, Any] = {
        "metrics": {
            name: {
                "matters": metric.matters,
                "better": metric.better,
                "asks": metric.asks,
                "format": metric.format,
                "shown": name in shown,
                "chooses": bool(tuned) and name == study.choose,
            }
            for name, metric in metrics.items()
        },
        "cells": {cell: list(among) for cell, among in study.cells.items()},
        "reference": dict(study.references),
        "parameter": {name: tune.parameter for name in tuned if (tune := study.tune_of(name))},
        "best": {name: results.best(name) for name in tuned},
        "contenders": {name: [str(value) for value in results.contenders(name)] for name in tuned},
        "lead": {name: _short(results.lead(name)) for name in tuned},
        "mean": {
            metric: {name: _short(one.mean) for name, one in row.items()} for metric, row in means.items()
        },
        "low": {
            metric: {name: _short(one.low) for name, one in row.items()} for metric, row in means.items()
        },
        "high": {
            metric: {name: _short(one.high) for name, one in row.items()} for metric, row in means.items()
        },
    }
    of_differences = {"difference": "mean", "difference_low": "low", "difference_high": "high"}
    for what in (*of_differences, "p", "p_equal", "verdict"):
        found[what] = {
            metric: {
                name: _short(getattr(results.difference(name, metric), of_differences.get(what, what)))
                for name in study.references
            }
            for metric in (metrics if what in of_differences else study.judging)
            if study.references
        }
    for what, attribute in {"cell": "verdict", "cell_p": "p", "cell_closest": "closest"}.items():
        found[what] = {}
        for (cell, metric), one in results.cells.items():
            found[what].setdefault(metric, {})[cell] = _short(getattr(one, attribute))
    found["cell_needs"] = {}
    for cell, metric in results.cells:
        if told := _needs(results, cell, metric):
            found["cell_needs"].setdefault(metric, {})[cell] = told
    if study.second_choices:
        found["steady"], found["cell_steady"] = (
            {
                metric: getattr(results.steadiness(metric), what)
                for metric in study.judging
                if getattr(results.steadiness(metric), what)
            }
            for what in ("comparisons", "cells")
        )
    if study.least_seeds is not None:
        found["seeds_of"] = {name: len(results.seeds(name)) for name in names}
    found["failed"] = {
        metric: {name: int(results.failed(name, metric).sum()) for name in names} for metric in metrics
    }
    found["other_cases"] = {
        metric: {
            name: _short(_other_cases(row[name].mean, cases))
            for name in names
            if (cases := study.metrics[metric].cases_of(name))
        }
        for metric, row in means.items()
        if study.metrics[metric].cases
    }
    found["tuning"] = {
        name: {str(value): _short(mean) for value, mean in zip(*results.tuning_curve(name), strict=True)}
        for name in tuned
    }
    latest = max(runs, key=lambda run: run.made["day"]).made
    return found | {
        "diverged": {name: results.diverged(name) for name in names},
        "diverged_tuning": {name: results.diverged(name, tuning=True) for name in tuned},
        "seeds": len(study.seeds),
        "tuning_seeds": len(study.tuning_seeds),
        "runs": len(runs),
        "minutes": _short(sum(run.seconds for run in runs) / 60),
        "day": latest["day"],
        "processor": " and ".join(sorted({run.made["processor"] for run in runs})),
        "versions": latest["versions"],
        "numbers": numbers,
    }


def _metrics_shown(results: Results) -> list[str]:
    study = results.study
    shown = [name for name in study.metrics if name != study.choose] or [study.choose]
    return shown + [name for name in study.judging if name not in shown]


def table(results: Results) -> str:
    """A block of lines for each metric, and one for its cells; then what holds for all of them.

    The metric that settings are chosen by mostly repeats another one on other data; prose can quote it all the same.
    """
    study, shown = results.study, _metrics_shown(results)
    blocks = [_block(results, name, study.metrics[name]) for name in shown]
    blocks += [
        _cells(results, name, study.metrics[name]) for name in shown if study.metrics[name].asks == "no worse"
    ]
    return "\n\n".join([*blocks, _notes(results)]) + "\n"


def _block(results: Results, name: str, metric: Metric) -> str:
    study = results.study
    parameters = {tune.parameter for one in results.alternatives if (tune := study.tune_of(one))}
    references = set(study.references.values())
    signed = replace(metric, format=f"+{metric.format}")
    failed = {one: int(results.failed(one, name).sum()) for one in results.alternatives}
    rows = [["", *_or("chosen", parameters), *(["failed"] if any(failed.values()) else [])]]
    rows[0] += ["mean", "95% interval"]
    if study.least_seeds is not None:
        rows[0].insert(1, "seeds")
    if references:
        rows[0] += [*_or("difference", references, "against "), "95% interval", "verdict"]
    for one in results.alternatives:
        mean = results.mean(one, name)
        count = len(results.seeds(one))
        row = [one, *([str(count)] if study.least_seeds is not None else [])]
        row += [_value(results, one, with_name=len(parameters) > 1)] if parameters else []
        row += [f"{failed[one]} of {count}" if failed[one] else ""] if "failed" in rows[0] else []
        row += [_shown(mean.mean, metric), _interval(mean, metric)]
        if one in study.references:
            difference = results.difference(one, name)
            row += [_shown(difference.mean, signed), _interval(difference, signed), difference.verdict]
        rows.append(row + [""] * (len(rows[0]) - len(row)))
    matters = f"; a difference of {_shown(metric.matters, metric)} matters" if references else ""
    return f"{name}: {metric.better} is better{matters}\n{_aligned(rows)}"


def _cells(results: Results, name: str, metric: Metric) -> str:
    signed = replace(metric, format=f"+{metric.format}")
    steady = results.steadiness(name).cells if results.study.second_choices else {}
    rows = [
        ["", "closest alternative", "difference", "95% interval", "verdict", *(["steady"] * bool(steady))]
    ]
    for cell in results.study.cells:
        one = results.cells[cell, name]
        difference = results.difference(one.closest, name)
        row = [cell, one.closest, _shown(difference.mean, signed), _interval(difference, signed), one.verdict]
        rows.append(row + ([f"{steady[cell]:.1%}"] if steady else []))
    ask = f"{name}: is the default no worse than any alternative, by {_shown(metric.matters, metric)}?"
    return "\n".join([ask, _aligned(rows), *_of_open(results, name)])


def _of_open(results: Results, metric: str) -> list[str]:
    """What the cells that are open would take."""
    wanted = {cell: _needs(results, cell, metric) for cell in results.study.cells}
    return [f"{cell}: {told} would tell." for cell, told in wanted.items() if told]


def _needs(results: Results, cell: str, metric: str) -> str:
    """The seeds that an open cell takes; empty where it is not open, or for another reason."""
    count = results.needs(cell, metric)
    if count is None:
        return ""
    return f"more than {MOST_SEEDS:,} seeds" if count == MOST_SEEDS else f"{count} seeds"


def _aligned(rows: list[list[str]]) -> str:
    """Words to the left, numbers to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if head in ("", "verdict", "closest alternative") else cell.rjust(width)
            for head, cell, width in zip(rows[0], row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines)


def _or(several: str, names: set[str], before: str = "") -> list[str]:
    """A column's head: the one name, or what several are called; none where there are none."""
    return [before + next(iter(names))] if len(names) == 1 else [several] if names else []


def _notes(results: Results) -> str:
    study, notes = results.study, []
    chosen = (
        f", settings chosen on {len(study.tuning_seeds)} others by {study.choose}"
        if study.tuning_seeds
        else ""
    )
    counts = sorted({len(results.seeds(name)) for name in results.alternatives})
    told = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else str(counts[0])
    notes.append(f"{told} seeds{chosen}.")
    notes += _of_choosing(results)
    if study.references:
        notes.append("Intervals: Student's t; those of differences, seed by seed.")
        notes += _corrected(results)
    notes += _of_other_cases(results)
    failed = [
        name for name in study.metrics if any(results.failed(one, name).any() for one in results.alternatives)
    ]
    if failed:
        notes.append("Failed runs are counted; means, intervals and differences are of the others.")
    for name in results.alternatives:
        tune = study.tune_of(name)
        lost, of = results.diverged(name), len(results.seeds(name))
        tuning = len(study.tuning_seeds) * len(tune.values) if tune else 0
        lost_tuning = results.diverged(name, tuning=True)
        if lost or lost_tuning:
            also = f"{lost_tuning} of {tuning} while it was tuned" if lost_tuning else ""
            told = f"{lost} of {of} runs diverged" if lost else "runs diverged"
            notes.append(f"{name}: {told}{', ' if lost and also else ': ' if also else ''}{also}.")
    return "\n".join(notes)


def _of_choosing(results: Results) -> list[str]:
    """How far what was chosen leads, and what was done about it."""
    study = results.study
    tuned = [name for name in results.alternatives if study.tune_of(name)]
    if not tuned:
        return []
    metric = study.metrics[study.choose]
    near = sum(results.lead(name) < metric.matters for name in tuned)
    notes = [
        f"In {near} of {len(tuned)} choices the best value leads the next by less than {_shown(metric.matters, metric)}."
    ]
    if study.second_choices:
        several = sum(len(results.contenders(name)) > 1 for name in tuned)
        notes.append(
            f"In {several} other tuning seeds might have chosen otherwise: that is evaluated, too, and a verdict stands "
            f"(steady) if {COVERED:.0%} of {DRAWINGS:,} drawings of tuning seeds come to it; otherwise it is open."
        )
    return notes


def _corrected(results: Results) -> list[str]:
    study = results.study
    if not study.judging:
        return []
    count, cells = len(study.references), len(study.cells)
    together = f"\nEach holds for all {count} comparisons of its metric together (Holm)." if count > 1 else ""
    notes = [f"Better and worse: by more than matters; equal: by less; open: neither is shown.{together}"]
    if cells:
        also = f", for all {cells} together (Holm)" if cells > 1 else ""
        notes.append(f"Safe: no alternative gains as much as matters over the default{also}.")
    return notes


def _of_other_cases(results: Results) -> list[str]:
    """What the intervals leave out: that the test cases are a sample, too."""
    found: dict[tuple[str, int], float] = {}
    for name in results.study.judging:
        metric = results.study.metrics[name]
        for one in results.alternatives:
            cases, mean = metric.cases_of(one), results.mean(one, name).mean
            if cases and not math.isnan(mean):
                found[name, cases] = max(found.get((name, cases), 0.0), _other_cases(mean, cases))
    if not found:
        return []
    told = [
        f"{name} by up to {_shown(most, results.study.metrics[name])} with {cases:,} of them"
        for (name, cases), most in found.items()
    ]
    moved = "; ".join(told)
    return [
        f"All of it is about these test cases; others would move {moved} (95%, binomial).",
        "A difference of two they move by at most 1.4 times as much: the less, the more both err on the same ones.",
    ]


def _other_cases(share: float, cases: int) -> float:
    """Half the 95% interval of a share of that many test cases, which are a sample (binomial)."""
    return 1.96 * math.sqrt(max(0.0, share * (1 - share)) / cases)


def _value(results: Results, alternative: str, *, with_name: bool) -> str:
    tune, value = results.study.tune_of(alternative), results.best(alternative)
    if tune is None:
        return "–"
    text = f"{value:g}" if tune.has_ends else value if isinstance(value, str) else json.dumps(value)
    return f"{tune.parameter} {text}" if with_name else text


def _interval(interval: Interval, metric: Metric) -> str:
    if math.isnan(interval.mean):
        return "none"
    return f"{_shown(interval.low, metric)} to {_shown(interval.high, metric)}"


def _shown(value: float, metric: Metric) -> str:
    return format(value, metric.format)


def _short(value: Any) -> Any:
    return float(f"{value:.7g}") if isinstance(value, float) else value
