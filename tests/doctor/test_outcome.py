"""lightning_modules.doctor.outcome: the gate."""

import math

import pytest
from records import loss_seen, losses_of, record, regression, well

from lightning_modules.doctor.outcome import outcome_of
from lightning_modules.doctor.record import Learnable, Validation

NOTHING_KNOWN = Learnable()


def test_skill_is_0_at_the_best_constant_answer_and_near_1_at_the_end_of_a_good_run():
    assert outcome_of(record((math.log(4),) * 400)).skill == pytest.approx(0, abs=1e-3)
    assert outcome_of(well()).skill > 0.9


def test_a_run_that_has_learned_nothing_is_bad_and_one_that_has_learned_well_is_not():
    assert outcome_of(record(learnable=NOTHING_KNOWN)).is_bad
    assert not outcome_of(well()).is_bad


@pytest.mark.parametrize(("reachable", "is_bad"), [(0.9, True), (0.3, False), (math.nan, False)])
def test_a_run_that_has_learned_a_little_is_bad_only_where_simple_methods_learn_more(reachable, is_bad):
    half = record((0.9,) * 400, loss=loss_seen(right=0.5), learnable=Learnable(400, reachable, 0.02))
    assert outcome_of(half).is_bad is is_bad


def test_what_dropout_hides_in_training_shows_in_validation():
    made = record(
        (1.3,) * 400,
        loss=loss_seen(right=0.3),
        validations=[Validation(400, 0.1, 0.97, 1.0, 0.0, 0)],
        validation_loss=loss_seen(right=0.97),
    )
    assert outcome_of(made).learned > 0.9
    assert not outcome_of(made).is_bad


def test_nan_is_bad_at_any_time():
    assert outcome_of(record((1.0,) * 5, finished=False, nonfinite=5)).is_bad


def test_with_several_optimizers_only_nan_is_bad():
    assert not outcome_of(record(facts={"optimizers": 2})).is_bad
    assert outcome_of(record(facts={"optimizers": 2}, nonfinite=5)).is_bad


def test_where_guessing_has_no_known_price_the_way_down_counts():
    unknown = regression(target_sums=[])
    falls = [2 - step / 300 for step in range(400)]
    assert outcome_of(record(tuple(falls), loss=unknown, learnable=NOTHING_KNOWN)).learned > 0.6
    assert outcome_of(record((2.0,) * 400, loss=unknown, learnable=NOTHING_KNOWN)).is_bad
    below_zero = [-step / 300 for step in range(400)]
    assert math.isnan(outcome_of(record(tuple(below_zero), loss=unknown)).learned)


def test_a_sum_is_compared_with_what_guessing_sums_to():
    summed = loss_seen(reduction="sum")  # of 8 items
    assert outcome_of(record((8 * math.log(4),) * 400, loss=summed)).skill == pytest.approx(0, abs=1e-3)


def test_the_last_fifth_says_whether_it_still_falls():
    steady = [3 - step / 200 for step in range(400)]
    assert outcome_of(record(tuple(steady))).fall == pytest.approx(0.2, abs=0.05)
    settled = [3 - step / 50 for step in range(100)] + [1.0] * 300
    assert outcome_of(record(tuple(settled))).fall == pytest.approx(0, abs=1e-6)


def test_a_series_is_thinned_to_means():
    series = losses_of(range(1600))
    assert len(series.all()) <= 400
    assert series.all()[0] == (series.width - 1) / 2
