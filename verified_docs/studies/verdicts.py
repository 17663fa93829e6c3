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
verdicts are right and found, is simulated in `tests/verified_docs/test_studies_verdicts_simulated.py`.
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
        """From the numbers (seeds,) of both, and which of them failed."""
        whole = ~(lost | reference_lost)
        return cls((alternative - reference)[whole], int(lost.sum()), int(reference_lost.sum()), len(lost))

    def p_better(self, matters: float) -> float:
        """That it is better by more than `matters`, to one side."""
        by_gain = (
            p_above(self.gains, matters) if self._pairs and self.failed <= self.reference_failed else 1.0
        )
        return self._either(by_gain, self.reference_failed, self.failed)

    def p_worse(self, matters: float) -> float:
        """That it is worse by more than `matters`, to one side."""
        return self._p_at_most(-matters)

    def p_safe(self, matters: float) -> float:
        """That it does not gain as much as `matters`."""
        return self._p_at_most(matters)

    def p_equal(self, matters: float) -> float:
        """That it neither gains nor loses as much as `matters`."""
        same = self.failed == self.reference_failed
        return float(p_within(self.gains, matters)) if self._pairs and same else 1.0

    def p_beyond(self, matters: float) -> float:
        """That it is better or worse."""
        if not self.failed and not self.reference_failed:
            return float(p_beyond(self.gains, matters))
        return min(1.0, 2 * min(self.p_better(matters), self.p_worse(matters)))

    @property
    def _pairs(self) -> bool:
        return len(self.gains) > 1

    def _p_at_most(self, bound: float) -> float:
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


def of_comparisons(gains: Mapping[Name, Gains], matters: float) -> dict[Name, tuple[float, float, str]]:
    """For each comparison of a metric its p-values (of a difference, of equality), corrected, and its verdict."""
    beyond = holm([one.p_beyond(matters) for one in gains.values()])
    equal = holm([one.p_equal(matters) for one in gains.values()])
    found = {}
    for (name, one), p, p_equal in zip(gains.items(), beyond, equal, strict=True):
        if p <= SIZE:
            verdict = "better" if one.p_better(matters) < one.p_worse(matters) else "worse"
        else:
            verdict = "equal" if p_equal <= SIZE else "open"
        found[name] = (p, p_equal, verdict)
    return found


def of_cells(
    cells: Mapping[str, Sequence[str]],
    gains: Mapping[str, Gains],
    verdicts: Mapping[str, str],
    matters: float,
) -> dict[str, Cell]:
    """The verdict of each cell of a metric, whose comparisons have `verdicts`."""
    safe = {name: one.p_safe(matters) for name, one in gains.items()}
    tests = {
        "better": {name: one.p_worse(matters) for name, one in gains.items()},
        "equal": {name: one.p_equal(matters) for name, one in gains.items()},
        "safe": safe,
    }
    corrected = {
        word: holm([max(p[name] for name in names) for names in cells.values()]) for word, p in tests.items()
    }
    found = {}
    for number, (cell, names) in enumerate(cells.items()):
        words = [word for word in tests if corrected[word][number] <= SIZE]
        beaten = any(verdicts[name] == "better" for name in names)
        verdict = "worse" if beaten else words[0] if words else "open"
        found[cell] = Cell(verdict, corrected["safe"][number], max(names, key=safe.__getitem__))
    return found
