"""What a study's runs say: the best setting of each alternative, its numbers, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from verified_docs.errors import DocsError
from verified_docs.studies import verdicts
from verified_docs.studies.paired import Interval, mean_interval
from verified_docs.studies.runs import Run
from verified_docs.studies.verdicts import Cell, Difference, Gains
from verified_docs.studies.worker import key
from verified_docs.study import Study, Tune

_LEVEL = 0.95


class Results:
    """The results of a study whose runs are all there; arrays are NumPy's.

    How a run counts that diverged, which is one with a NaN or an infinity among what it returned: in choosing, a value
    comes after every other of which fewer runs diverged, whatever its mean. In arrays and curves its number counts where
    it is finite, and otherwise as the metric's `diverged`. Means, differences, intervals and verdicts are of the runs
    that did not fail (`failed`); how many did is told beside them, and NaN stands where fewer than two did not.
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

    def failed(self, alternative: str, metric: str) -> Any:
        """Which of its evaluation runs ended without a number, or where the metric calls it failed: (seeds,) of bool."""
        values = self._numbers(alternative, self.best(alternative), metric, self.study.seeds)
        lost = ~np.isfinite(values)
        declared = self.study.metrics[metric]
        if declared.failed is not None:
            lost |= declared.gain(values) <= declared.gain(declared.failed)
        return lost

    def mean(self, alternative: str, metric: str) -> Interval:
        """The mean over the seeds that did not fail, with its own 95% interval (of differences, see `difference`)."""
        whole = self.metric(alternative, metric)[~self.failed(alternative, metric)]
        return mean_interval(whole if len(whole) > 1 else [math.nan, math.nan], _LEVEL)

    def difference(self, alternative: str, metric: str) -> Difference:
        """`alternative` against its reference, seed by seed."""
        if alternative not in self.study.references:
            raise DocsError(f"{alternative!r} has no reference to differ from")
        return self.differences[alternative, metric]

    @cached_property
    def differences(self) -> dict[tuple[str, str], Difference]:
        """Every comparison of the study."""
        found = {}
        for name, metric in self.study.metrics.items():
            judged = verdicts.of_comparisons(self._gains[name], metric.matters)
            for alternative, gains in self._gains[name].items():
                gain = verdicts.interval(gains, _LEVEL)
                low, high = sorted((metric.gain(gain.low), metric.gain(gain.high)))
                told = judged[alternative] if name in self.study.judging else (math.nan, math.nan, "")
                found[alternative, name] = Difference(metric.gain(gain.mean), low, high, *told)
        return found

    @cached_property
    def cells(self) -> dict[tuple[str, str], Cell]:
        """What every metric that asks it says of each cell."""
        return {
            (cell, name): one
            for name, metric in self.study.metrics.items()
            if metric.asks == "no worse"
            for cell, one in verdicts.of_cells(
                self.study.cells,
                self._gains[name],
                {
                    alternative: self.difference(alternative, name).verdict
                    for alternative in self._gains[name]
                },
                metric.matters,
            ).items()
        }

    @cached_property
    def _gains(self) -> dict[str, dict[str, Gains]]:
        """By metric and alternative, what it gains over its reference."""
        study = self.study
        return {
            name: {
                one: Gains.of(
                    metric.gain(self.metric(one, name)),
                    metric.gain(self.metric(reference, name)),
                    self.failed(one, name),
                    self.failed(reference, name),
                )
                for one, reference in study.references.items()
            }
            for name, metric in study.metrics.items()
        }

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
        array, declared = self._numbers(alternative, value, metric, seeds), self.study.metrics.get(metric)
        if declared is not None and declared.diverged is not None:
            array = np.where(np.isfinite(array), array, declared.diverged)
        return array

    def _numbers(self, alternative: str, value: Any, metric: str, seeds: Any) -> Any:
        """As the runs returned them."""
        runs = self._cells(alternative, value, seeds)
        without = [run for run in runs if metric not in run.metrics]
        if without:
            raise DocsError(f"run returned no {metric!r}; it returned {', '.join(without[0].metrics)}")
        return _stacked([np.asarray(run.metrics[metric], dtype=float) for run in runs])


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
