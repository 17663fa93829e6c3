"""How many seeds a comparison takes: against simulation."""

import numpy as np
import pytest

from verified_docs.studies.paired import p_above, p_below
from verified_docs.studies.power import POWER, seeds_for, seeds_to_tell


def pilot(mean: float, spread: float) -> np.ndarray:
    """Five gains of exactly that mean and standard deviation."""
    shape = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    return mean + spread * shape / shape.std(ddof=1)


@pytest.mark.parametrize(("spread", "cells"), [(1.0, 1), (1.3, 11)])
def test_so_many_seeds_see_it_four_times_in_five(spread: float, cells: int):
    seeds = seeds_for(pilot(0.0, spread), 1.0, cells, 4, 60)
    generator = np.random.default_rng(0)

    def seen(count: int) -> float:
        gains = generator.normal(0.0, spread, (20_000, count))
        return float(np.mean(p_below(gains, 1.0) <= 0.05 / cells))

    assert seen(seeds) == pytest.approx(POWER, abs=0.05)
    assert seen(seeds) >= POWER - 0.02
    assert seen(seeds - 3) < POWER


def test_what_loses_much_needs_few():
    assert seeds_for(pilot(-5.0, 2.0), 1.0, 11, 8, 40) == 8
    assert seeds_for(pilot(0.0, 2.0), 1.0, 11, 8, 40) == 40
    assert seeds_for(pilot(5.0, 2.0), 1.0, 11, 8, 40) == 40  # taken to gain nothing, until the seeds say so


def test_a_pilot_that_failed_asks_for_no_more():
    assert seeds_for([np.nan, np.nan, 1.0], 1.0, 11, 8, 40) == 8


@pytest.mark.parametrize("mean", [0.5, 1.5])
def test_so_many_seeds_tell_on_which_side_of_the_margin_a_gain_is(mean: float):
    seeds = seeds_to_tell(pilot(mean, 1.0), 1.0, 1, 1_000)
    generator = np.random.default_rng(0)
    gains = generator.normal(mean, 1.0, (20_000, seeds))
    towards = p_below if mean < 1.0 else p_above
    assert float(np.mean(towards(gains, 1.0) <= 0.05)) == pytest.approx(POWER, abs=0.02)


def test_what_gains_just_what_matters_is_told_by_no_number_of_seeds():
    assert seeds_to_tell(pilot(1.0, 1.0), 1.0, 1, 1_000) == 1_000
