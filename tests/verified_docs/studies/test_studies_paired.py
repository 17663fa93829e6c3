"""The statistics: cases to check by hand, scipy as an oracle, and the promise itself, by simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from verified_docs.studies.paired import holm, mean_interval, p_beyond


def test_the_interval_of_three_differences_by_hand():
    # Mean 2, s = 1, s / sqrt(3) = 0.57735, t = 4.302653 for two degrees of freedom and 95%.
    interval = mean_interval([1.0, 2.0, 3.0])
    assert (interval.mean, interval.low, interval.high) == pytest.approx((2, 2 - 2.484138, 2 + 2.484138))


def test_the_interval_is_scipys():
    values = np.random.default_rng(0).normal(1, 2, 10)
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    interval = mean_interval(values)
    assert (interval.low, interval.high) == pytest.approx((low, high))


def test_without_a_margin_the_p_value_is_the_paired_t_tests():
    generator = np.random.default_rng(1)
    ours, theirs = generator.normal(0.5, 1, 10), generator.normal(0, 1, 10)
    assert p_beyond(ours - theirs, 0) == pytest.approx(stats.ttest_rel(ours, theirs).pvalue)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("nudge", [-1e-9, 1e-9])
def test_the_p_value_says_whether_the_interval_clears_the_margin(sign: int, nudge: float):
    values = np.array([1.0, 2.0, 3.0, 5.0])
    margin = mean_interval(values).low + nudge
    assert (p_beyond(sign * values, margin) <= 0.05) == (nudge < 0)


def test_a_difference_within_the_margin_has_p_1():
    assert p_beyond([0.1, 0.2, 0.1], matters=0.5) == 1


@pytest.mark.parametrize(("differences", "p"), [([1.0, 1.0], 0.0), ([0.5, 0.5], 1.0), ([-1.0, -1.0], 0.0)])
def test_differences_without_spread_are_certain(differences: list[float], p: float):
    assert p_beyond(differences, matters=0.5) == p
    assert mean_interval(differences).low == mean_interval(differences).high == differences[0]


def test_holm_by_hand():
    # Sorted: .001 x 4, .01 x 3, .02 x 2 = .04, .04 x 1 = .04.
    assert holm([0.04, 0.01, 0.02, 0.001]) == pytest.approx([0.04, 0.03, 0.04, 0.004])
    assert holm([0.6, 0.7]) == [1, 1]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


@pytest.mark.parametrize("lost", [math.nan, math.inf])
def test_a_number_that_is_none_gives_no_interval_and_no_verdict(lost: float):
    interval = mean_interval([1.0, lost])
    assert all(math.isnan(one) for one in (interval.mean, interval.low, interval.high))
    assert p_beyond([1.0, lost], 0) == 1


@pytest.mark.parametrize("values", [[1.0], [], [[1.0, 2.0]]])
def test_an_interval_needs_two_numbers_in_a_row(values: list[float]):
    with pytest.raises(ValueError, match="at least two numbers in a row, got shape"):
        mean_interval(values)


def test_the_intervals_of_ten_seeds_cover_the_truth_as_often_as_they_promise():
    # 4,000 simulations: the share has a standard error of 0.34 points.
    draws = np.random.default_rng(2).normal(0.3, 1, (4000, 10))
    intervals = [mean_interval(row) for row in draws]
    covered = np.mean([one.low <= 0.3 <= one.high for one in intervals])
    assert 0.94 < covered < 0.96


def test_of_twenty_studies_one_at_most_has_a_wrong_verdict():
    # Eight alternatives against one reference, each exactly as much better as matters: any verdict is wrong. Sharing
    # the reference ties their differences together, as in a study.
    generator, wrong, wrong_without_holm, studies = np.random.default_rng(3), 0, 0, 1500
    for _ in range(studies):
        reference = generator.normal(0, 1, 10)
        p_values = [p_beyond(generator.normal(0.5, 1, 10) - reference, 0.5) for _ in range(8)]
        wrong += min(holm(p_values)) <= 0.05
        wrong_without_holm += min(p_values) <= 0.05
    assert wrong / studies < 0.05 + 0.011  # two standard errors
    assert wrong_without_holm / studies > 0.1
