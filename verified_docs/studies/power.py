"""How many seeds a comparison takes, judged by what the tuning runs spread."""

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
    from scipy.special import stdtrit

    whole = np.asarray(gains, dtype=float)
    whole = whole[np.isfinite(whole)]
    if len(whole) < 2:
        return least  # it fails, and that is what decides
    distance = matters + max(0.0, -float(whole.mean()))
    for seeds in range(least, most):
        quantiles = stdtrit(seeds - 1, 1 - SIZE / cells) + stdtrit(seeds - 1, POWER)
        if quantiles * whole.std(ddof=1) / np.sqrt(seeds) <= distance:
            return seeds
    return most
