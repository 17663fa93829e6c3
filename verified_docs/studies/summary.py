"""The results of a study as prose quotes them, and as the table that pages show."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from verified_docs.studies.paired import Interval
from verified_docs.studies.results import Results
from verified_docs.study import Metric


def values(results: Results, numbers: dict[str, Any]) -> dict[str, Any]:
    """What `{{ studies/<name>.…}}` finds."""
    study, runs = results.study, results.used()
    names, metrics = results.alternatives, study.metrics
    tuned = [name for name in names if study.tune_of(name)]
    means = {metric: {name: results.mean(name, metric) for name in names} for metric in metrics}
    found: dict[str, Any] = {
        "best": {name: results.best(name) for name in tuned},
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
    for what in ("difference", "difference_low", "difference_high", "p", "verdict"):
        attribute = {"difference": "mean", "difference_low": "low", "difference_high": "high"}.get(what, what)
        found[what] = {
            metric: {
                name: _short(getattr(results.difference(name, metric), attribute))
                for name in study.references
            }
            for metric in metrics
            if study.references
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


def table(results: Results) -> str:
    """A block of lines for each metric, then what holds for all of them.

    The metric that settings are chosen by mostly repeats another one on other data; prose can quote it all the same.
    """
    study = results.study
    shown = [name for name in study.metrics if name != study.choose] or [study.choose]
    blocks = [_block(results, name, study.metrics[name]) for name in shown]
    return "\n\n".join([*blocks, _notes(results)]) + "\n"


def _block(results: Results, name: str, metric: Metric) -> str:
    study = results.study
    parameters = {tune.parameter for one in results.alternatives if (tune := study.tune_of(one))}
    references = set(study.references.values())
    signed = replace(metric, format=f"+{metric.format}")
    rows = [["", *_or("chosen", parameters), "mean", "95% interval"]]
    if references:
        rows[0] += [*_or("difference", references, "against "), "95% interval", "verdict"]
    for one in results.alternatives:
        mean = results.mean(one, name)
        value = [_value(results, one, with_name=len(parameters) > 1)] if parameters else []
        row = [one, *value, _shown(mean.mean, metric), _interval(mean, metric)]
        if one in study.references:
            difference = results.difference(one, name)
            row += [_shown(difference.mean, signed), _interval(difference, signed), difference.verdict]
        rows.append(row + [""] * (len(rows[0]) - len(row)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if head in ("", "verdict") else cell.rjust(width)
            for head, cell, width in zip(rows[0], row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    matters = f"; a difference of {_shown(metric.matters, metric)} matters" if references else ""
    return "\n".join([f"{name}: {metric.better} is better{matters}", *lines])


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
    notes.append(f"{len(study.seeds)} seeds{chosen}.")
    if study.references:
        count = len(study.references) * len(study.metrics)
        also = f", those of {study.choose} among them" if len(study.metrics) > 1 else ""
        notes.append(
            "Intervals: Student's t; those of differences, seed by seed."
            + (f"\nVerdicts hold for all {count} comparisons together (Holm){also}." if count > 1 else "")
        )
    for name in results.alternatives:
        tune = study.tune_of(name)
        lost, of = results.diverged(name), len(study.seeds)
        tuning = len(study.tuning_seeds) * len(tune.values) if tune else 0
        lost_tuning = results.diverged(name, tuning=True)
        if lost or lost_tuning:
            also = f"{lost_tuning} of {tuning} while it was tuned" if lost_tuning else ""
            told = f"{lost} of {of} runs diverged" if lost else "runs diverged"
            notes.append(f"{name}: {told}{', ' if lost and also else ': ' if also else ''}{also}.")
    return "\n".join(notes)


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
