"""Which value tuning seeds choose, how far it leads, and which others they might have chosen."""

import math

import numpy as np
import pytest

from verified_docs.studies.choosing import DRAWINGS, Tuned, drawings

NAN = math.nan


def tuned(*scores: list[float], ends: tuple[int, ...] = (0, -1)) -> Tuned:
    at_ends = np.zeros(len(scores), dtype=bool)
    at_ends[list(ends)] = True
    return Tuned([10 * number for number in range(len(scores))], np.array(scores), at_ends)


def test_the_best_mean_is_chosen():
    assert tuned([1, 1, 1], [2, 3, 2], [0, 9, 0]).best == 20
    assert tuned([1, 1, 1], [2, 3, 2], [0, 6, 0]).best == 10


def test_what_diverges_comes_after_what_does_not():
    assert tuned([1, 1, 1], [9, NAN, 9], [0, 0, 0]).best == 0
    assert tuned([NAN, NAN, 9], [NAN, 1, 1], [NAN, NAN, NAN]).best == 10


def test_of_equals_one_is_chosen_that_is_no_end():
    assert tuned([1, 1], [1, 1], [1, 1]).best == 10
    assert tuned([NAN, NAN], [NAN, NAN], [NAN, NAN]).best == 10


def test_the_lead_is_over_the_next_that_diverged_no_more_often():
    assert tuned([1, 1], [3, 3], [2.5, 2.5]).lead == pytest.approx(0.5)
    assert tuned([1, 1], [3, 3], [2.5, NAN]).lead == pytest.approx(2)
    assert math.isnan(tuned([1, NAN], [3, 3], [NAN, 2.5]).lead)
    assert math.isnan(tuned([NAN, NAN], [NAN, NAN]).lead)


def test_each_drawing_has_as_many_seeds_and_all_come_as_often():
    drawn = drawings(5)
    assert drawn.shape == (DRAWINGS, 5)
    assert set(drawn.sum(axis=1)) == {5}
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=0.1)
    assert (drawn == drawings(5)).all()


def test_who_leads_on_every_seed_has_no_contender():
    clear = tuned([1, 2, 3, 4, 5], [2, 3, 4, 5, 6], [0, 0, 0, 0, 0])
    assert clear.contenders == [10]
    assert (clear.choices(clear.contenders) == 0).all()


def test_a_value_that_other_seeds_would_have_chosen_contends():
    near = tuned([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [2, 2, 2, -2, 0.5], ends=())
    # Its mean is 0.9. Without the fourth seed in the drawing it is ahead, and in more of them.
    assert near.contenders == [10, 20]
    share = float((near.choices(near.contenders) == 1).mean())
    drawn = drawings(5)
    assert share == pytest.approx(float((drawn @ [1, 1, 1, -3, -0.5] > 0).mean()), abs=0.02)
    assert 0.3 < share < 0.7


def test_what_fewer_than_one_drawing_in_twenty_chooses_does_not_contend():
    # Ahead where the first seed is drawn three times of five or more, 181 of 3,125; or four times or more, 21.
    often = tuned([2.1, -1.9, -1.9, -1.9, -1.9], [0, 0, 0, 0, 0], [-5, -5, -5, -5, -5], ends=())
    assert often.contenders == [10, 0]
    rare = tuned([1.1, -2.9, -2.9, -2.9, -2.9], [0, 0, 0, 0, 0], [-5, -5, -5, -5, -5], ends=())
    assert rare.contenders == [10]


def test_contenders_are_compared_among_themselves():
    three = tuned([1, 0, 1, 0, 1], [0.6, 0.6, 0.6, 0.6, 0.6], [0, 1, 0, 1, 0], ends=())
    among = three.choices([10, 0])
    assert set(among) == {0, 1}
    assert (three.choices([10]) == 0).all()
