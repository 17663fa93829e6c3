"""What a study's runs say: the best setting of each alternative, its numbers, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from verified_docs.base.errors import DocsError
from verified_docs.studies import verdicts
from verified_docs.studies.choosing import COVERED, Tuned
from verified_docs.studies.paired import Interval, mean_interval
from verified_docs.studies.power import seeds_for, seeds_to_tell
from verified_docs.studies.runs import Run
from verified_docs.studies.steady import Steady, agreement
from verified_docs.studies.verdicts import Cell, Difference, Gains, PValues
from verified_docs.studies.worker import key
from verified_docs.study import Study, Tune

_LEVEL = 0.95
MOST_SEEDS = 1_000


class Results:
    """The results of a study whose runs are all there; arrays are NumPy's.

    How a run counts that diverged, which is one with a NaN or an infinity among what it returned: in choosing, a value
    comes after every other of which fewer runs diverged, whatever its mean. In arrays and curves its number counts where
    it is finite, and otherwise as the metric's `diverged`. Means, differences, intervals and verdicts are of the runs
    that did not fail (`failed`); how many did is told beside them, and NaN stands where fewer than two did not.

    Where the study has second choices, a verdict that hangs on what was chosen is "open": `steadiness` says how often
    other choices come to the same.
    """

    def __init__(self, study: Study, runs: Mapping[str, Run]) -> None:
        self.study = study
        self._runs = runs
        self._known: dict[tuple[str, ...], PValues] = {}
        self._steady: dict[str, Steady] = {}

    @property
    def alternatives(self) -> list[str]:
        """The names, in the order declared."""
        return list(self.study.alternatives)

    def best(self, alternative: str) -> Any:
        """The value chosen for what is tuned; None where nothing is."""
        return self._tuned[alternative].best if alternative in self._tuned else None

    def contenders(self, alternative: str) -> list[Any]:
        """The values that are evaluated: the chosen one, and with second choices those that might have been."""
        if self.study.second_choices and alternative in self._tuned:
            return self._tuned[alternative].contenders
        return [self.best(alternative)]

    def lead(self, alternative: str) -> float:
        """By how much the chosen value's mean over the tuning seeds is better than the next one's."""
        self._tune(alternative)
        return self._tuned[alternative].lead

    def seeds(self, alternative: str) -> list[int]:
        """Those that it is evaluated on."""
        study = self.study
        if study.least_seeds is None:
            return list(study.seeds)
        of_its_own = [
            self._needed[one]
            for one, reference in study.references.items()
            if alternative in (one, reference)
        ]
        return list(study.seeds)[: max(of_its_own, default=study.least_seeds)]

    def metric(self, alternative: str, metric: str) -> Any:
        """What each evaluation run returned: (seeds,), or (seeds, steps) for lists; short lists end in NaN."""
        return self._array(alternative, self.best(alternative), metric, self.seeds(alternative))

    def tuning_runs(self, alternative: str, metric: str = "") -> Any:
        """What each tuning run returned: (values, seeds), or (values, seeds, steps)."""
        tune = self._tune(alternative)
        name, seeds = metric or self.study.choose, self.study.tuning_seeds
        return _stacked([self._array(alternative, value, name, seeds) for value in tune.values])

    def tuning_curve(self, alternative: str, metric: str = "") -> tuple[list[Any], Any]:
        """The values to choose from, and the metric's mean over the tuning seeds for each: (values,)."""
        return list(self._tune(alternative).values), self.tuning_runs(alternative, metric).mean(axis=1)

    def failed(self, alternative: str, metric: str) -> Any:
        """Which of its evaluation runs ended without a number, or where the metric calls it failed: (seeds,) of bool."""
        return self._lost(alternative, self.best(alternative), metric)

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
            judged = verdicts.of_comparisons(self._p_values(name, {}))
            for alternative in self.study.references:
                gain = verdicts.interval(self._gains(name, alternative), _LEVEL)
                low, high = sorted((metric.gain(gain.low), metric.gain(gain.high)))
                told = judged[alternative] if name in self.study.judging else (math.nan, math.nan, "")
                if told[2] and self.steadiness(name).comparisons[alternative] < COVERED:
                    told = (*told[:2], "open")
                found[alternative, name] = Difference(metric.gain(gain.mean), low, high, *told)
        return found

    @cached_property
    def cells(self) -> dict[tuple[str, str], Cell]:
        """What every metric that asks it says of each cell."""
        found = {}
        for name, metric in self.study.metrics.items():
            if metric.asks == "no worse":
                steady = self.steadiness(name).cells
                for cell, one in self._judged(name, {})[1].items():
                    found[cell, name] = one if steady[cell] >= COVERED else replace(one, verdict="open")
        return found

    def needs(self, cell: str, metric: str) -> int | None:
        """The seeds that would tell of an open cell whether its closest alternative gains what matters.

        It is taken to gain what it gained; `MOST_SEEDS` where that is too near to what matters. None where seeds are not
        what lacks: the cell is not open, other choices come to other words, or too few pairs did not fail.
        """
        study, judged = self.study, self._judged(metric, {})[1][cell]
        gains = self._gains(metric, judged.closest).gains
        if judged.verdict != "open" or len(gains) < 2:
            return None
        return seeds_to_tell(gains, study.metrics[metric].matters, len(study.cells), MOST_SEEDS)

    def steadiness(self, metric: str) -> Steady:
        """How often tuning seeds drawn anew, and what they choose, come to the same words; 1 without second choices."""
        if metric not in self._steady:
            contenders = {name: self.contenders(name) for name in self.alternatives}
            choices = {
                name: self._tuned[name].choices(values)
                for name, values in contenders.items()
                if len(values) > 1
            }
            self._steady[metric] = agreement(lambda chosen: self._words(metric, chosen), contenders, choices)
        return self._steady[metric]

    def _words(self, metric: str, chosen: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """The verdict of each comparison and of each cell, where `chosen` says what was chosen in place of the best."""
        compared, cells = self._judged(metric, chosen)
        return compared, {cell: one.verdict for cell, one in cells.items()}

    def _judged(self, metric: str, chosen: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Cell]]:
        p_values = self._p_values(metric, chosen)
        compared = {name: word for name, (*_, word) in verdicts.of_comparisons(p_values).items()}
        asks = self.study.metrics[metric].asks == "no worse"
        return compared, verdicts.of_cells(self.study.cells, p_values, compared) if asks else {}

    def _p_values(self, metric: str, chosen: Mapping[str, Any]) -> dict[str, PValues]:
        """Of each comparison of a metric."""
        found = {}
        for one, reference in self.study.references.items():
            values = [chosen.get(name, self.best(name)) for name in (one, reference)]
            key = (metric, one, *map(repr, values))
            if key not in self._known:
                gains = self._gains(metric, one, *values)
                self._known[key] = gains.p_values(self.study.metrics[metric].matters)
            found[one] = self._known[key]
        return found

    def _gains(self, metric: str, one: str, *values: Any) -> Gains:
        """What an alternative gains over its reference, with these values of what is tuned or with the chosen ones."""
        names = (one, self.study.references[one])
        values = values or tuple(map(self.best, names))
        arrays = [
            self.study.metrics[metric].gain(self._array(name, value, metric, self.seeds(name)))
            for name, value in zip(names, values, strict=True)
        ]
        lost = [self._lost(name, value, metric) for name, value in zip(names, values, strict=True)]
        return Gains.of(*arrays, *lost)

    @cached_property
    def _needed(self) -> dict[str, int]:
        """How many seeds each comparison takes, by the spread of its tuning runs."""
        study = self.study
        found = dict.fromkeys(study.references, study.least_seeds or len(study.seeds))
        for name, metric in study.metrics.items():
            for one, reference in study.references.items() if metric.asks == "no worse" else ():
                ours, theirs = (
                    self._numbers(each, self.best(each), name, study.tuning_seeds)
                    for each in (one, reference)
                )
                gains, most = metric.gain(ours - theirs), len(study.seeds)
                found[one] = seeds_for(gains, metric.matters, len(study.cells), found[one], most)
        return found

    def diverged(self, alternative: str, *, tuning: bool = False) -> int:
        """How many of its evaluation runs, or of its tuning runs, diverged."""
        tune, study = self.study.tune_of(alternative), self.study
        if not tuning:
            chosen = self.best(alternative)
            return sum(map(_diverged, self._cells(alternative, chosen, self.seeds(alternative))))
        values = tune.values if tune else ()
        return sum(
            _diverged(run) for one in values for run in self._cells(alternative, one, study.tuning_seeds)
        )

    def at_edge(self) -> list[str]:
        """What is wrong with the grids: a sentence for each alternative whose best value is an end of its own."""
        found = []
        for name in self._tuned:
            tune, value = self._tune(name), self.best(name)
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
            for value in self.contenders(name):
                yield name, value, self._cells(name, value, self.seeds(name))

    def _tune(self, alternative: str) -> Tune:
        tune = self.study.tune_of(alternative)
        if tune is None:
            raise DocsError(f"nothing is chosen for {alternative!r}")
        return tune

    @cached_property
    def _tuned(self) -> dict[str, Tuned]:
        """The tuning runs of each alternative that has any."""
        found, choose = {}, self.study.choose
        for name in self.alternatives:
            if tune := self.study.tune_of(name):
                runs = [self._cells(name, value, self.study.tuning_seeds) for value in tune.values]
                scores = [
                    [math.nan if _diverged(run) else run.metrics[choose] for run in row] for row in runs
                ]
                gains = self.study.metrics[choose].gain(np.array(scores))
                ends = np.array([tune.is_edge(value) for value in tune.values])
                found[name] = Tuned(tune.values, gains, ends)
        return found

    def _cells(self, alternative: str, value: Any, seeds: Any) -> list[Run]:
        settings = self.study.settings(alternative, value)
        return [self._runs[key(settings, seed)] for seed in seeds]

    def _array(self, alternative: str, value: Any, metric: str, seeds: Sequence[int]) -> Any:
        array, declared = self._numbers(alternative, value, metric, seeds), self.study.metrics.get(metric)
        if declared is not None and declared.diverged is not None:
            array = np.where(np.isfinite(array), array, declared.diverged)
        return array

    def _lost(self, alternative: str, value: Any, metric: str) -> Any:
        """Which of the evaluation runs with this value failed."""
        values = self._numbers(alternative, value, metric, self.seeds(alternative))
        lost, declared = ~np.isfinite(values), self.study.metrics[metric]
        if declared.failed is not None:
            lost |= declared.gain(values) <= declared.gain(declared.failed)
        return lost

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
