"""What a study's runs say: the best setting of each alternative, its numbers, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from verified_docs.errors import DocsError
from verified_docs.studies.paired import Interval, holm, mean_interval, p_beyond
from verified_docs.studies.runs import Run
from verified_docs.studies.worker import key
from verified_docs.study import Study, Tune

_LEVEL = 0.95


@dataclass(frozen=True)
class Difference(Interval):
    """An alternative's mean minus its reference's, in the metric's unit, with the 95% interval of paired differences.

    Attributes:
        p: Of "the difference is no larger than matters", adjusted by Holm over all comparisons of the study.
        verdict: "better" or "worse" where p is at most 0.05, otherwise "undecided".
    """

    p: float
    verdict: str


class Results:
    """The results of a study whose runs are all there; arrays are NumPy's.

    How a run counts that diverged, which is one with a NaN or an infinity among what it returned: in choosing, a value
    comes after every other of which fewer runs diverged, whatever its mean. Elsewhere its number counts where it is
    finite, and otherwise as the metric's `diverged`; with none declared, mean, difference and interval are NaN and
    the verdict is "undecided". How many diverged is always told.
    """

    def __init__(self, study: Study, runs: Mapping[str, Run]) -> None:
        self.study = study
        self._runs = runs

    @property
    def alternatives(self) -> list[str]:
        """The names, in the order declared."""
        return list(self.study.alternatives)

    @cached_property
    def _best(self) -> dict[str, Any]:
        return {
            name: self._chosen(name, tune) for name in self.alternatives if (tune := self.study.tune_of(name))
        }

    def best(self, alternative: str) -> Any:
        """The value chosen for what is tuned; None where nothing is."""
        return self._best.get(alternative)

    def metric(self, alternative: str, metric: str) -> Any:
        """What each evaluation run returned: (seeds,), or (seeds, steps) for lists; short lists end in NaN."""
        return self._array(alternative, self.best(alternative), metric, evaluating=True)

    def tuning_runs(self, alternative: str, metric: str = "") -> Any:
        """What each tuning run returned: (values, seeds), or (values, seeds, steps)."""
        tune = self._tune(alternative)
        rows = [self._array(alternative, value, metric or self.study.choose) for value in tune.values]
        return _stacked(rows)

    def tuning_curve(self, alternative: str, metric: str = "") -> tuple[list[Any], Any]:
        """The values to choose from, and the metric's mean over the tuning seeds for each: (values,)."""
        return list(self._tune(alternative).values), self.tuning_runs(alternative, metric).mean(axis=1)

    def mean(self, alternative: str, metric: str) -> Interval:
        """The mean over the seeds, with its own 95% interval (of differences, see `difference`)."""
        return mean_interval(self.metric(alternative, metric), _LEVEL)

    def difference(self, alternative: str, metric: str) -> Difference:
        """`alternative` against its reference, seed by seed."""
        if alternative not in self.study.references:
            raise DocsError(f"{alternative!r} has no reference to differ from")
        return self.differences[alternative, metric]

    @cached_property
    def differences(self) -> dict[tuple[str, str], Difference]:
        """Every comparison of the study."""
        study, paired = self.study, {}
        for metric in study.metrics:
            for name, reference in study.references.items():
                paired[name, metric] = self.metric(name, metric) - self.metric(reference, metric)
        adjusted = holm([p_beyond(values, study.metrics[pair[1]].matters) for pair, values in paired.items()])
        found = {}
        for (pair, values), p in zip(paired.items(), adjusted, strict=True):
            interval = mean_interval(values, _LEVEL)
            gain = interval.mean if study.metrics[pair[1]].better == "higher" else -interval.mean
            verdict = "undecided" if p > 1 - _LEVEL else "better" if gain > 0 else "worse"
            found[pair] = Difference(interval.mean, interval.low, interval.high, p, verdict)
        return found

    def diverged(self, alternative: str, *, tuning: bool = False) -> int:
        """How many of its evaluation runs, or of its tuning runs, diverged."""
        tune, study = self.study.tune_of(alternative), self.study
        if not tuning:
            return sum(map(_diverged, self._cells(alternative, self.best(alternative), study.seeds)))
        values = tune.values if tune else ()
        return sum(
            _diverged(run) for one in values for run in self._cells(alternative, one, study.tuning_seeds)
        )

    def at_edge(self) -> list[str]:
        """What is wrong with the grids: a sentence for each alternative whose best value is an end of its own."""
        found = []
        for name, value in self._best.items():
            tune = self._tune(name)
            if tune.is_edge(value):
                end, way = ("lowest", "lower") if value == tune.values[0] else ("highest", "higher")
                found.append(
                    f"{name}: {tune.parameter} {value:g} is best and the {end} of its grid; widen it with {way} values"
                )
        return found

    def used(self) -> list[Run]:
        """Every run that the results come from, each once."""
        return list({run.key: run for _, _, runs in self._all() for run in runs}.values())

    def _all(self) -> Iterator[tuple[str, Any, list[Run]]]:
        for name in self.alternatives:
            tune = self.study.tune_of(name)
            for value in tune.values if tune else ():
                yield name, value, self._cells(name, value, self.study.tuning_seeds)
            yield name, self.best(name), self._cells(name, self.best(name), self.study.seeds)

    def _tune(self, alternative: str) -> Tune:
        tune = self.study.tune_of(alternative)
        if tune is None:
            raise DocsError(f"nothing is chosen for {alternative!r}")
        return tune

    def _chosen(self, alternative: str, tune: Tune) -> Any:
        """The value with the fewest diverged runs and, of those, the best mean; of equals one that is no end."""
        sign = -1 if self.study.metrics[self.study.choose].better == "higher" else 1

        def rank(value: Any) -> tuple[int, float, bool]:
            runs = self._cells(alternative, value, self.study.tuning_seeds)
            whole = [sign * run.metrics[self.study.choose] for run in runs if not _diverged(run)]
            mean = sum(whole) / len(whole) if whole else math.inf
            return len(runs) - len(whole), mean, tune.is_edge(value)

        return min(tune.values, key=rank)

    def _cells(self, alternative: str, value: Any, seeds: Any) -> list[Run]:
        settings = self.study.settings(alternative, value)
        return [self._runs[key(settings, seed)] for seed in seeds]

    def _array(self, alternative: str, value: Any, metric: str, *, evaluating: bool = False) -> Any:
        seeds = self.study.seeds if evaluating else self.study.tuning_seeds
        runs = self._cells(alternative, value, seeds)
        without = [run for run in runs if metric not in run.metrics]
        if without:
            raise DocsError(f"run returned no {metric!r}; it returned {', '.join(without[0].metrics)}")
        declared = self.study.metrics.get(metric)
        array = _stacked([np.asarray(run.metrics[metric], dtype=float) for run in runs])
        if declared is not None and declared.diverged is not None:
            array = np.where(np.isfinite(array), array, declared.diverged)
        return array


def _diverged(run: Run) -> bool:
    return not all(np.isfinite(np.asarray(value, dtype=float)).all() for value in run.metrics.values())


def _stacked(rows: list[Any]) -> Any:
    """Rows as one array; where their last axes differ in length, short ones end in NaN."""
    if not rows[0].ndim:
        return np.stack(rows)
    longest = max(row.shape[-1] for row in rows)
    axes = rows[0].ndim - 1
    padded = [
        np.pad(row, [(0, 0)] * axes + [(0, longest - row.shape[-1])], constant_values=np.nan) for row in rows
    ]
    return np.stack(padded)
