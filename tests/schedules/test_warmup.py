"""lightning_modules.schedules.warmup."""

from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    ReduceLROnPlateau,
    SequentialLR,
)

from lightning_modules import CosineDecay, LinearDecay, OneCycle, Plateau, SquareRootDecay, Warmup, preview


def sgd(*rates, **settings):
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates or (1.0,)]
    return torch.optim.SGD(groups, **settings)


def test_every_rate_is_larger_than_the_one_before_and_the_first_is_not_zero():
    # A published warm-up of 5 steps runs 0.3, 0, 0.06, 0.12, 0.18.
    assert preview(Warmup(sgd(0.3), steps=5), 8) == pytest.approx([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.3, 0.3])


def test_the_other_schedule_makes_its_first_step_when_the_warm_up_is_over():
    rates = preview(Warmup(sgd(), steps=4, after=LinearDecay, total_steps=9), 9)
    assert rates == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 0.8, 0.6, 0.4, 0.2])


def test_a_fraction_of_the_run():
    assert Warmup(sgd(), steps=0.1, after=CosineDecay, total_steps=50).warmup_steps() == 5


@pytest.mark.parametrize("after", [partial(CosineAnnealingLR, T_max=15), partial(ExponentialLR, gamma=0.9)])
def test_rates_are_those_of_torchs_sequence(after):
    optimizer = sgd(0.3, 0.1)
    first = LinearLR(optimizer, start_factor=1 / 6, total_iters=5)
    theirs = SequentialLR(optimizer, [first, after(optimizer)], milestones=[5])
    ours = Warmup(sgd(0.3, 0.1), steps=5, after=after)
    for group in (0, 1):
        assert preview(ours, 20, group) == pytest.approx(preview(theirs, 20, group))


def test_beside_a_plateau_a_formula_undoes_each_reduction_and_in_front_of_it_a_warm_up_does_not():
    def rates(make):
        optimizer = sgd(0.8)
        schedules = make(optimizer)
        for _ in range(4):
            optimizer.step()
            schedules[0].step()
            schedules[-1].step(1.0)  # never better
        optimizer.step()
        schedules[0].step()
        return optimizer.param_groups[0]["lr"]

    plateau = partial(Plateau, patience=0, factor=0.5)
    assert rates(lambda sgd: [LambdaLR(sgd, lambda step: 1.0), plateau(sgd)]) == 0.8  # pytorch issue 82859
    assert rates(lambda sgd: [Warmup(sgd, steps=1, after=plateau)]) == 0.1


@pytest.mark.parametrize("after", [partial(LinearLR, total_iters=5), partial(ExponentialLR, gamma=0.9)])
def test_torchs_schedules_begin_behind_it_as_they_do_alone(after):
    alone = preview(after(sgd(0.3)), 10)
    assert preview(Warmup(sgd(0.3), steps=5, after=after), 15)[5:] == pytest.approx(alone)


def test_with_the_square_root_behind_it_is_the_transformers():
    w = 40
    schedule = Warmup(sgd(), steps=w - 1, after=partial(SquareRootDecay, scale=w))
    noam = [w**0.5 * min(n**-0.5, n * w**-1.5) for n in range(1, 200)]  # d = 1, and the peak scaled to 1
    assert preview(schedule, 199) == pytest.approx(noam)


def test_it_warms_up_to_the_first_rate_of_1cycle_not_to_its_peak():
    optimizer = sgd(momentum=0.9)
    rates = preview(Warmup(optimizer, steps=3, after=partial(OneCycle, start=0.2), total_steps=23), 23)
    assert rates[:4] == pytest.approx([0.05, 0.1, 0.15, 0.2])
    assert max(rates) == pytest.approx(1.0)
    assert optimizer.param_groups[0]["momentum"] == 0.95


@pytest.mark.parametrize("plateau", [Plateau, ReduceLROnPlateau])
def test_a_plateau_is_measured_when_the_warm_up_is_over(plateau):
    optimizer = sgd()
    warmup = Warmup(optimizer, steps=4, after=partial(plateau, patience=0, factor=0.5))
    seen = []
    for _ in range(4):  # epochs of two steps
        for _ in range(2):
            seen.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            warmup.step()
        warmup.step(1.0)  # never better: the first measurement after the warm-up is the one to beat
    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 0.5, 0.5])
    assert warmup.get_last_lr() == [0.25]


def test_a_metric_for_a_schedule_that_takes_none_is_refused():
    with pytest.raises(TypeError, match="LinearDecay, takes none"):
        Warmup(sgd(), steps=2, after=LinearDecay, total_steps=9).step(0.5)


@pytest.mark.parametrize(
    ("steps", "message"), [(0, "steps > 0, got 0"), (-0.1, "got -0.1"), (500.0, "without a point: 500")]
)
def test_bad_values_are_refused(steps, message):
    with pytest.raises(ValueError, match=message):
        Warmup(sgd(), steps=steps)


def test_one_that_fills_the_run_is_refused():
    with pytest.raises(ValueError, match="takes 500 steps, the whole run has 400"):
        Warmup(sgd(), steps=500).check(400)
