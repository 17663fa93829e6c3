"""Verdicts by hand: which word follows from which gains, and what failures do to them."""

import math

import numpy as np
import pytest

from verified_docs.studies.paired import p_above, p_below, p_beyond, p_more_often, p_within
from verified_docs.studies.verdicts import Gains, of_cells, of_comparisons

SPREAD = np.array([-1.0, 1.0] * 5)  # s / sqrt(10) = 1/3


def gains(mean: float, failed: int = 0, reference_failed: int = 0) -> Gains:
    pairs = 10 - max(failed, reference_failed)
    return Gains(mean + SPREAD[:pairs], failed, reference_failed, 10)


def verdict(one: Gains, matters: float = 1.0) -> str:
    return of_comparisons({"it": one.p_values(matters)})["it"][2]


@pytest.mark.parametrize(
    ("mean", "word"),
    # The 95% interval is ± 2.262157 / 3 = 0.754, the 90% interval ± 1.833113 / 3 = 0.611.
    [
        (1.76, "better"),
        (1.75, "open"),
        (0.40, "open"),
        (0.38, "equal"),
        (0.0, "equal"),
        (-0.38, "equal"),
        (-1.75, "open"),
        (-1.76, "worse"),
    ],
)
def test_the_word_says_where_the_interval_lies(mean: float, word: str):
    assert verdict(gains(mean)) == word


def test_p_values_of_one_side_are_halves_of_both():
    values = 1.5 + SPREAD
    assert p_beyond(values, 1.0) == pytest.approx(2 * p_above(values, 1.0))
    assert p_below(values, 1.0) == pytest.approx(1 - p_above(values, 1.0))
    assert p_within(values, 1.0) == p_below(values, 1.0)


def test_p_values_of_many_at_once_are_those_of_each():
    rows = np.stack([SPREAD, SPREAD + 1, SPREAD * math.nan])
    for test in (p_below, p_above, p_beyond, p_within):
        assert test(rows, 0.5).tolist() == [test(row, 0.5) for row in rows]
        assert test(rows, 0.5)[2] == 1


def test_failures_that_are_as_frequent_on_both_sides_show_nothing():
    assert p_more_often(0, 0, runs=10) == 1
    assert p_more_often(3, 3, runs=10) > 0.5
    assert p_more_often(0, 3, runs=10) == 1


def test_who_fails_in_all_runs_is_worse_though_there_is_nothing_to_average():
    assert verdict(gains(0.0, failed=10)) == "worse"
    assert verdict(gains(0.0, reference_failed=10)) == "better"
    assert verdict(gains(0.0, failed=9, reference_failed=9)) == "open"


def test_who_fails_more_often_is_never_better_or_equal_by_the_runs_that_are_left():
    assert verdict(gains(5.0)) == "better"
    assert verdict(gains(5.0, failed=1)) == "open"
    assert verdict(gains(5.0, reference_failed=1)) == "better"
    assert verdict(gains(0.0, failed=1)) == "open"
    assert verdict(gains(0.0, reference_failed=1)) == "open"


def test_gains_are_of_the_seeds_on_which_neither_failed():
    lost, reference_lost = np.array([True, False, False]), np.array([False, False, True])
    one = Gains.of(np.array([9.0, 2.0, 9.0]), np.array([1.0, 1.0, math.nan]), lost, reference_lost)
    assert (one.gains.tolist(), one.failed, one.reference_failed, one.runs) == ([1.0], 1, 1, 3)


def cell(*found: Gains, matters: float = 1.0) -> str:
    named = {str(number): one.p_values(matters) for number, one in enumerate(found)}
    words = {name: word for name, (*_, word) in of_comparisons(named).items()}
    return of_cells({"it": list(named)}, named, words)["it"].verdict


@pytest.mark.parametrize(
    ("means", "word"),
    [
        ([-1.7, -5.0], "better"),
        ([-1.5, -5.0], "safe"),
        ([0.3, -0.3], "equal"),
        ([0.3, -5.0], "safe"),
        ([0.3, 0.5], "open"),
        ([-5.0, -5.0, 0.5], "open"),
        ([-5.0, 2.5], "worse"),
    ],
)
def test_a_cell_is_as_good_as_the_strongest_alternative_leaves_it(means: list[float], word: str):
    assert cell(*map(gains, means)) == word


def test_a_default_that_fails_is_not_safe():
    assert cell(gains(-0.3, failed=1)) == "safe"
    assert cell(gains(-0.3, reference_failed=1)) == "open"
    assert cell(gains(0.0, failed=10)) == "better"  # by failures alone


def test_cells_are_corrected_for_how_many_there_are():
    named = {str(number): gains(0.3).p_values(1.0) for number in range(4)}
    words = dict.fromkeys(named, "open")
    cells = {name: [name] for name in named}
    alone = of_cells({"0": ["0"]}, named, words)["0"]
    among = of_cells(cells, named, words)["0"]
    assert alone.p == pytest.approx(p_below(0.3 + SPREAD, 1.0))
    assert among.p == pytest.approx(4 * alone.p)
    assert (alone.verdict, among.verdict) == ("equal", "open")
