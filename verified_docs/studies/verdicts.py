"""Verdicts: what the runs of a study decide, in five words.

Of an alternative beside its reference, `matters` being the smallest difference that matters:

- **better**, **worse**: by more than `matters`.
- **equal**: by less than `matters`, to either side.
- **open**: the runs decide none of these.

Of a cell, which asks whether a reference is a good default beside several alternatives, on one or more sets of data:

- **better**: it is better than each of them, by more than `matters`.
- **equal**: it is equal to each of them.
- **safe**: none of them gains as much as `matters` over it.
- **worse**: one of them is better.
- **open**: the runs decide none of these.

Better and worse are tests of 5% to both sides together; equal, safe, and better of a cell are one-sided tests of 5%. A
cell holds if each of its alternatives does, so its p-value is the largest of theirs (an intersection-union test: Berger,
Technometrics 24, 1982). Each word is corrected by Holm for all comparisons of the metric, or for all of its cells: with
95% confidence none of a metric's verdicts of that word is wrong.

A run that diverged or failed is no number to average. Gains are those of the seeds on which both sides have one, and that
one side fails more often is tested by itself. Whoever failed more often is not called better, equal or safe, and two
tests in place of one double a p-value.

All of this is about the settings that were chosen and the test cases that were used. What it leaves out, and how often
verdicts are right and found, is simulated in `tests/verified_docs/studies/test_studies_verdicts_simulated.py`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from verified_docs.studies.paired import (
    Interval,
    holm,
    mean_interval,
    p_above,
    p_below,
    p_beyond,
    p_more_often,
    p_within,
)

SIZE = 0.05
DECIDED = ("better", "worse")

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Difference(Interval):
    """An alternative's mean minus its reference's, in the metric's unit, with the 95% interval of paired differences.

    Attributes:
        p: Of "the difference is no larger than matters", adjusted by Holm over all comparisons of the metric.
        p_equal: Of "the difference is at least as large as matters", adjusted in the same way.
        verdict: "better", "worse", "equal" or "open"; empty where the metric does not judge.
    """

    p: float
    p_equal: float
    verdict: str


@dataclass(frozen=True)
class Cell:
    """What is known of a default beside its alternatives.

    Attributes:
        verdict: "better", "equal", "safe", "worse" or "open".
        p: Of "an alternative gains as much as matters", adjusted by Holm over all cells of the metric.
        closest: The alternative that the verdict rests on: nobody's p is larger.
    """

    verdict: str
    p: float
    closest: str


@dataclass(frozen=True)
class PValues:
    """P-values of what may be said of an alternative beside its reference, each by itself.

    Attributes:
        better: That it is better by more than matters, to one side.
        worse: That it is worse by more than matters, to one side.
        safe: That it does not gain as much as matters.
        equal: That it neither gains nor loses as much as matters.
        beyond: That it is better or worse.
    """

    better: float
    worse: float
    safe: float
    equal: float
    beyond: float


@dataclass(frozen=True)
class Gains:
    """An alternative beside its reference.

    Attributes:
        gains: By how much it is better, on each seed where neither failed: (pairs,).
        failed: How many of its runs failed.
        reference_failed: How many of the reference's did.
        runs: How many either has.
    """

    gains: Any
    failed: int
    reference_failed: int
    runs: int

    @classmethod
    def of(cls, alternative: Any, reference: Any, lost: Any, reference_lost: Any) -> Gains:
        """From the numbers of both, (seeds,) and (others,), and which of them failed; pairs are of the first seeds."""
        both = min(len(alternative), len(reference))
        lost, reference_lost = lost[:both], reference_lost[:both]
        whole = ~(lost | reference_lost)
        gains = (alternative[:both] - reference[:both])[whole]
        return cls(gains, int(lost.sum()), int(reference_lost.sum()), both)

    def p_values(self, matters: float) -> PValues:
        """What they show, where `matters` is the smallest difference that does."""
        better, worse = self._better(matters), self._at_most(-matters)
        beyond = (
            min(1.0, 2 * min(better, worse))
            if self.failed or self.reference_failed
            else float(p_beyond(self.gains, matters))
        )
        return PValues(better, worse, self._at_most(matters), self._equal(matters), beyond)

    def _better(self, matters: float) -> float:
        by_gain = (
            p_above(self.gains, matters) if self._pairs and self.failed <= self.reference_failed else 1.0
        )
        return self._either(by_gain, self.reference_failed, self.failed)

    def _equal(self, matters: float) -> float:
        same = self.failed == self.reference_failed
        return float(p_within(self.gains, matters)) if self._pairs and same else 1.0

    @property
    def _pairs(self) -> bool:
        return len(self.gains) > 1

    def _at_most(self, bound: float) -> float:
        by_gain = p_below(self.gains, bound) if self._pairs and self.reference_failed <= self.failed else 1.0
        return self._either(by_gain, self.failed, self.reference_failed)

    def _either(self, by_gain: float, failed: int, others: int) -> float:
        """Of two tests, where there is something that failed."""
        if not failed and not others:
            return float(by_gain)
        return min(1.0, 2 * min(by_gain, p_more_often(failed, others, self.runs)))


def interval(gains: Gains, level: float) -> Interval:
    """The interval of the gains; NaN where fewer than two pairs are whole."""
    return mean_interval(gains.gains if len(gains.gains) > 1 else [np.nan, np.nan], level)


def of_comparisons(p_values: Mapping[Name, PValues]) -> dict[Name, tuple[float, float, str]]:
    """For each comparison of a metric its p-values (of a difference, of equality), corrected, and its verdict."""
    beyond = holm([one.beyond for one in p_values.values()])
    equal = holm([one.equal for one in p_values.values()])
    found = {}
    for (name, one), p, p_equal in zip(p_values.items(), beyond, equal, strict=True):
        if p <= SIZE:
            verdict = "better" if one.better < one.worse else "worse"
        else:
            verdict = "equal" if p_equal <= SIZE else "open"
        found[name] = (p, p_equal, verdict)
    return found


def of_cells(
    cells: Mapping[str, Sequence[str]], p_values: Mapping[str, PValues], verdicts: Mapping[str, str]
) -> dict[str, Cell]:
    """The verdict of each cell of a metric, whose comparisons have `verdicts`."""
    p = {
        "better": {name: one.worse for name, one in p_values.items()},
        "equal": {name: one.equal for name, one in p_values.items()},
        "safe": {name: one.safe for name, one in p_values.items()},
    }
    corrected = {
        word: holm([max(ps[name] for name in names) for names in cells.values()]) for word, ps in p.items()
    }
    found = {}
    for number, (cell, names) in enumerate(cells.items()):
        words = [word for word in p if corrected[word][number] <= SIZE]
        beaten = any(verdicts[name] == "better" for name in names)
        verdict = "worse" if beaten else words[0] if words else "open"
        found[cell] = Cell(verdict, corrected["safe"][number], max(names, key=p["safe"].__getitem__))
    return found
