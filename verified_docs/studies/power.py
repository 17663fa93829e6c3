"""How many seeds a comparison takes: before it, by the spread of the tuning runs; after it, where it is open."""

from __future__ import annotations

from typing import Any

import numpy as np

from verified_docs.studies.verdicts import SIZE

POWER = 0.8


def seeds_for(gains: Any, matters: float, cells: int, least: int, most: int) -> int:
    """The seeds that it takes to see, with 80% power, that an alternative does not gain as much as `matters`.

    It is taken to gain nothing, or to lose what it lost in the pilot; one of `cells` tests of 5% together is to see it,
    each by itself at the least level that Holm's correction may ask. With n seeds whose differences spread by s,

        (t(1 − 0.05 / cells, n − 1) + t(0.8, n − 1)) s / √n  ≤  matters + what it lost

    Where gains spread by s = 1.15 and 1 matters, nine seeds are not enough (t = 1.86 and 0.89, 1.05 together), ten are:

    >>> seeds_for([-1.0, 1.0, -1.0, 1.0], matters=1.0, cells=1, least=4, most=40)
    10

    Args:
        gains: Those of the pilot's seeds, NaN where a run failed: (seeds,).
        matters: The margin.
        cells: How many questions are asked together.
        least: The fewest seeds to take.
        most: The most, which are taken where more would be needed.
    """
    whole = np.asarray(gains, dtype=float)
    whole = whole[np.isfinite(whole)]
    if len(whole) < 2:
        return least  # it fails, and that is what decides
    return _fewest(whole.std(ddof=1), matters + max(0.0, -float(whole.mean())), cells, least, most)


def seeds_to_tell(gains: Any, matters: float, cells: int, most: int) -> int:
    """The seeds that it takes to see, with 80% power, on which side of `matters` an alternative's gain is.

    It is taken to gain what it gained. Where that was half of what matters, as far as its gains spread, it takes many:

    >>> seeds_to_tell([-0.5, 1.5, -0.5, 1.5], matters=1.0, cells=1, most=1_000)
    35

    Args:
        gains: Of the seeds that were run, two or more: (seeds,).
        matters: The margin.
        cells: How many questions are asked together.
        most: The most to count to, which is told where more would be needed.
    """
    found = np.asarray(gains, dtype=float)
    return _fewest(found.std(ddof=1), abs(matters - float(found.mean())), cells, 2, most)


def _fewest(spread: float, distance: float, cells: int, least: int, most: int) -> int:
    """The fewest seeds with which a test sees a distance, `most` if none of less do."""
    from scipy.special import stdtrit

    for seeds in range(least, most):
        quantiles = stdtrit(seeds - 1, 1 - SIZE / cells) + stdtrit(seeds - 1, POWER)
        if quantiles * spread / np.sqrt(seeds) <= distance:
            return seeds
    return most
