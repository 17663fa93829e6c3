"""Paired differences: 95% intervals, and tests that hold for many comparisons together.

The interval is Student's: mean ± t · s / √n, with s the standard deviation of the n differences and t the quantile of
the t distribution with n − 1 degrees of freedom (Student, "The Probable Error of a Mean", Biometrika 6, 1908). With ten
seeds bootstrap intervals that promise 95% hold 89 to 91%.

Whether a difference is *larger than matters* is tested as such: the hypothesis to reject is that it is at most so large
(a "minimum-effect test": Murphy and Myors, Journal of Applied Psychology 84, 1999). Whether it is *smaller* is two
one-sided tests, of which both must reject (Schuirmann, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987). Of
several tests the least p-value is multiplied by their number, the next by one less, and so on (Holm, "A Simple
Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6, 1979).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its interval; NaN where there is none."""

    mean: float
    low: float
    high: float


def mean_interval(values: Any, level: float = 0.95) -> Interval:
    """Student's interval for the mean of `values` (n,), n at least 2; NaN where one of them is no finite number.

    The two values 1 and 3 have mean 2, s = √2 and t = 12.7062, so the interval is 2 ± 12.7062:

    >>> interval = mean_interval([1.0, 3.0])
    >>> round(interval.low, 4), round(interval.high, 4)
    (-10.7062, 14.7062)
    """
    from scipy.special import stdtrit

    mean, error, freedom = _moments(values)
    if np.ndim(mean):
        raise ValueError(f"an interval needs at least two numbers in a row, got shape {np.shape(values)}")
    half = stdtrit(freedom, (1 + level) / 2) * error
    return Interval(float(mean), float(mean - half), float(mean + half))


def p_below(values: Any, bound: float) -> Any:
    """The one-sided p-value (…) of "the mean of `values` (…, n) is at least `bound`"; 1 where one is not finite.

    At most 0.05 exactly where the upper end of the 90% interval lies below `bound`:

    >>> round(p_below([1.0, 3.0], bound=3.0), 4)  # t = -1 with 1 degree of freedom: a quarter
    0.25
    """
    from scipy.special import stdtr

    mean, error, freedom = _moments(values)
    distance = mean - bound
    with np.errstate(divide="ignore", invalid="ignore"):
        p = stdtr(freedom, distance / error)
    p = np.where(error == 0, np.where(distance < 0, 0.0, 1.0), p)
    return _number(np.where(np.isfinite(error), p, 1.0))


def p_above(values: Any, bound: float) -> Any:
    """The same of "the mean is at most `bound`"."""
    return p_below(-np.asarray(values, dtype=float), -bound)


def p_beyond(differences: Any, matters: float) -> Any:
    """The two-sided p-value (…) of "the mean of `differences` (…, n) is within ± `matters`"; 1 where one is not finite.

    At most 0.05 exactly where the 95% interval lies wholly above `matters` or wholly below −`matters`. With
    `matters` = 0 it is the paired t test's:

    >>> round(p_beyond([1.0, 3.0], matters=0.0), 4)  # t = 2 / (√2 / √2) with 1 degree of freedom
    0.2952
    """
    least = np.minimum(p_above(differences, matters), p_below(differences, -matters))
    return _number(np.minimum(1.0, 2 * least))


def p_within(differences: Any, matters: float) -> Any:
    """The p-value (…) of "the mean of `differences` (…, n) is `matters` or more away from 0"; 1 where one is not finite.

    At most 0.05 exactly where both ends of the 90% interval lie within ± `matters`:

    >>> round(p_within([-1.0, 1.0], matters=1.0), 4)  # t = 1 / (√2 / √2) to either side
    0.25
    """
    return _number(np.maximum(p_below(differences, matters), p_above(differences, -matters)))


def p_more_often(failed: int, others: int, runs: int) -> float:
    """The one-sided p-value of "`failed` of `runs` is no more often than `others` of as many" (Fisher's exact test).

    Of the 20 ways in which 3 failures may fall on 6 runs, one has all of them on the first three:

    >>> p_more_often(3, 0, runs=3)
    0.05
    """
    total = failed + others
    ways = sum(
        math.comb(runs, one) * math.comb(runs, total - one) for one in range(failed, min(runs, total) + 1)
    )
    return ways / math.comb(2 * runs, total)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: those of at most 0.05 are all true with 95% confidence.

    >>> holm([0.04, 0.01, 0.03])  # 3 x 0.01; 2 x 0.03; 1 x 0.04, which is no less than the one before
    [0.06, 0.03, 0.06]
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = least
    return adjusted


def _moments(values: Any) -> tuple[Any, Any, int]:
    """The mean (…), its standard error and the degrees of freedom; NaN where a number is none."""
    array: Any = np.asarray(values, dtype=float)
    if array.ndim < 1 or array.shape[-1] < 2:
        raise ValueError(f"an interval needs at least two numbers in a row, got shape {array.shape}")
    array = np.where(np.isfinite(array), array, np.nan)
    count = array.shape[-1]
    return array.mean(axis=-1), array.std(axis=-1, ddof=1) / np.sqrt(count), count - 1


def _number(array: Any) -> Any:
    """A Python number where there is one."""
    return array if np.ndim(array) else float(array)
