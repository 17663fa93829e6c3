"""Which value of what is tuned the tuning runs speak for, and which others they might have spoken for.

Few seeds choose, and other seeds might have chosen otherwise. How often is found by drawing as many of them anew, with
replacement (the bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of Statistics 7, 1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

DRAWINGS = 1_000
COVERED = 0.95  # of the drawings; values that other drawings choose are left out


def drawings(seeds: int) -> Any:
    """How often each of the tuning seeds is in each drawing: (drawings, seeds). The same ones at every call."""
    return np.random.default_rng(0).multinomial(seeds, [1 / seeds] * seeds, size=DRAWINGS)


@dataclass(frozen=True)
class Tuned:
    """The tuning runs of one alternative.

    Attributes:
        values: To choose from.
        scores: What the runs gave, higher being better; NaN where one diverged: (values, seeds).
        ends: Which values are ends of the grid: (values,) of bool.
    """

    values: Sequence[Any]
    scores: Any
    ends: Any

    @cached_property
    def best(self) -> Any:
        """The value with the fewest diverged runs and, of those, the best mean; of equals one that is no end."""
        return self.values[int(self._best(self._once)[0])]

    @property
    def lead(self) -> float:
        """By how much the mean of the best is above the next one's, of those that diverged no more often."""
        lost = np.isnan(self.scores).sum(axis=1)
        means = np.sort(self._means(self._once)[0, lost == lost.min()])
        return float(means[-1] - means[-2]) if len(means) > 1 and np.isfinite(means[-2]) else float("nan")

    @cached_property
    def contenders(self) -> list[Any]:
        """The fewest values of which `COVERED` of the drawings choose one, the best first."""
        counts = np.bincount(self._best(drawings(self.scores.shape[1])), minlength=len(self.values))
        best = list(self.values).index(self.best)
        order = sorted(range(len(counts)), key=lambda index: (index != best, -counts[index]))
        enough = np.searchsorted(np.cumsum(counts[order]), COVERED * DRAWINGS) + 1
        return [self.values[index] for index in order[:enough]]

    def choices(self, among: Sequence[Any]) -> Any:
        """Which of `among` each drawing chooses, as an index of it: (drawings,)."""
        rows = [list(self.values).index(value) for value in among]
        held = Tuned(among, self.scores[rows], self.ends[rows])
        return held._best(drawings(self.scores.shape[1]))

    @property
    def _once(self) -> Any:
        """Each seed counted once: (1, seeds)."""
        return np.ones((1, self.scores.shape[1]), dtype=int)

    def _best(self, drawn: Any) -> Any:
        """The index of the best value for each way of counting seeds: (drawings, seeds) → (drawings,)."""
        lost = drawn @ np.isnan(self.scores).T
        means = np.where(lost > lost.min(axis=1, keepdims=True), -np.inf, self._means(drawn))
        ties = means == means.max(axis=1, keepdims=True)
        return np.argmax(np.where(ties, 2 - self.ends, 0), axis=1)

    def _means(self, drawn: Any) -> Any:
        """The mean of each value's whole runs, as often as each is drawn, −∞ without any: (drawings, values)."""
        whole = drawn @ ~np.isnan(self.scores).T
        sums = drawn @ np.nan_to_num(self.scores).T
        return np.where(whole > 0, sums / np.maximum(whole, 1), -np.inf)
