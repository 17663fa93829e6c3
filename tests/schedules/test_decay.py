"""lightning_modules.schedules.decay, and what all schedules have in common."""

import math
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import ExponentialLR, LinearLR, MultiStepLR, PolynomialLR

from lightning_modules import (
    CosineDecay,
    CosineRestarts,
    ExponentialDecay,
    LinearDecay,
    OneCycle,
    PiecewiseConstant,
    PowerDecay,
    SquareRootDecay,
    Warmup,
    WarmupStableDecay,
    preview,
)


def sgd(*rates, momentum=0.9):
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates or (1.0,)]
    return torch.optim.SGD(groups, momentum=momentum)


# By hand


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (partial(PowerDecay, scale=2), [1, 2 / 3, 1 / 2, 2 / 5, 1 / 3, 2 / 7]),
        (partial(PowerDecay, scale=1, power=2), [1, 1 / 4, 1 / 9, 1 / 16, 1 / 25, 1 / 36]),
        (partial(SquareRootDecay, scale=1), [1, 2**-0.5, 3**-0.5, 1 / 2, 5**-0.5, 6**-0.5]),
        (partial(ExponentialDecay, scale=2, ratio=0.25), [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]),
        (partial(ExponentialDecay, scale=0.5, ratio=0.125), [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32]),
        (partial(PiecewiseConstant, boundaries=[1, 4], factors=[0.5, 0.2]), [1, 0.5, 0.5, 0.5, 0.2, 0.2]),
        (partial(PiecewiseConstant, boundaries=[0.5], factors=[0.1]), [1, 1, 1, 0.1, 0.1, 0.1]),
        (LinearDecay, [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6]),
        (partial(LinearDecay, end=0.4), [1, 0.9, 0.8, 0.7, 0.6, 0.5]),
    ],
)
def test_the_rates_of_a_run_of_six_steps(schedule, rates):
    assert preview(schedule(sgd(), total_steps=6), 6) == pytest.approx(rates)


# torch


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (partial(ExponentialDecay, scale=7, ratio=0.1), partial(ExponentialLR, gamma=0.1 ** (1 / 7))),
        (
            partial(PiecewiseConstant, boundaries=[5, 11], factors=[0.1, 0.01]),
            partial(MultiStepLR, milestones=[5, 11], gamma=0.1),
        ),
        (
            partial(LinearDecay, end=0.2),
            partial(LinearLR, start_factor=1.0, end_factor=0.2, total_iters=20),
        ),
        (LinearDecay, partial(PolynomialLR, total_iters=20, power=1.0)),
    ],
)
def test_rates_are_torchs(ours, theirs):
    expected = preview(theirs(sgd(0.3)), 25)
    assert preview(ours(sgd(0.3), total_steps=20), 25) == pytest.approx(expected, abs=1e-12)


def test_a_whole_number_of_numpys_is_a_number_of_steps():
    assert PowerDecay(sgd(0.3), scale=np.int64(20), total_steps=100).in_steps(np.int64(20)) == 20


# What all have in common

ALL = {
    "power": PowerDecay,
    "square root": SquareRootDecay,
    "exponential": ExponentialDecay,
    "piecewise": PiecewiseConstant,
    "linear": LinearDecay,
    "cosine": CosineDecay,
    "restarts": CosineRestarts,
    "1cycle": OneCycle,
    "warm-up": partial(Warmup, steps=0.2, after=LinearDecay),
    "warm-up, stable, decay": WarmupStableDecay,
}
every_schedule = pytest.mark.parametrize("schedule", ALL.values(), ids=ALL)


@every_schedule
def test_groups_keep_their_ratios(schedule):
    made = schedule(sgd(0.3, 0.03, 0.006), total_steps=20)
    rates = [preview(made, 25, group) for group in range(3)]
    assert len(set(rates[0])) > 1
    assert rates[1] == pytest.approx([rate / 10 for rate in rates[0]])
    assert rates[2] == pytest.approx([rate / 50 for rate in rates[0]])


@every_schedule
def test_sized_later_is_the_same_as_sized_when_made(schedule):
    later = schedule(sgd())
    later.size(20)
    assert preview(later, 20) == preview(schedule(sgd(), total_steps=20), 20)
    later.size(99)  # it knows
    assert later.total_steps == 20


@every_schedule
def test_never_sized_it_says_what_to_do(schedule):
    optimizer = sgd()
    made = schedule(optimizer)
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"how long the run is.*scheduled\(trainer, .*ScheduleCheck\(\)"):
        made.step()


@pytest.mark.parametrize(
    "schedule",
    [
        partial(PowerDecay, scale=4),
        partial(ExponentialDecay, scale=4),
        partial(PiecewiseConstant, boundaries=[4], factors=[0.1]),
    ],
)
def test_one_that_counts_steps_needs_no_length(schedule):
    rates = preview(schedule(sgd()), 9)
    assert rates[0] > rates[8] > 0


@every_schedule
def test_after_the_run_nothing_moves_up(schedule):
    rates = preview(schedule(sgd(), total_steps=20), 60)
    assert all(after <= before for before, after in pairwise(rates[20:]))


@every_schedule
def test_rates_that_are_tensors_stay_the_same_tensors(schedule):
    rate = torch.tensor(0.25)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))], lr=rate)
    made = schedule(optimizer, total_steps=10)
    expected = preview(schedule(sgd(0.25), total_steps=10), 10)
    for step in range(10):
        assert optimizer.param_groups[0]["lr"] is rate
        assert rate.item() == pytest.approx(expected[step], rel=1e-5, abs=1e-9)
        optimizer.step()
        made.step()


def test_a_group_that_comes_late_is_refused():
    optimizer = sgd()
    schedule = LinearDecay(optimizer, total_steps=10)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(1))]})
    optimizer.step()
    with pytest.raises(RuntimeError, match="2 parameter groups, LinearDecay was made for 1"):
        schedule.step()


# Refusals


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (partial(PowerDecay, scale=0), "scale > 0, got 0"),
        (partial(PowerDecay, scale=-3.0), "scale > 0, got -3.0"),
        (partial(PowerDecay, scale=True), "scale > 0, got True"),
        (partial(PowerDecay, scale=math.nan), "scale > 0, got nan"),
        (partial(PowerDecay, power=0), "power > 0, got 0"),
        (partial(SquareRootDecay, scale=0), "SquareRootDecay needs scale > 0"),
        (partial(ExponentialDecay, ratio=1.0), "between 0 and 1, got 1.0"),
        (partial(LinearDecay, end=1.0), "end=1.0"),
        (partial(LinearDecay, end=-0.1), "end=-0.1"),
        (partial(LinearDecay, total_steps=0), "at least one step, got total_steps=0"),
        (partial(PiecewiseConstant, boundaries=[]), "0 boundaries and 2 factors"),
        (partial(PiecewiseConstant, boundaries=[5]), "1 boundaries and 2 factors"),
        (partial(PiecewiseConstant, boundaries=[5, 0.5]), r"all fractions of the run, got \[5, 0.5\]"),
        (partial(PiecewiseConstant, boundaries=[5, 5]), "must rise"),
        (partial(PiecewiseConstant, boundaries=[0, 5]), "boundary > 0, got 0"),
        (partial(PiecewiseConstant, boundaries=[30.0, 60.0]), "write it without a point: 30"),
        (partial(PiecewiseConstant, factors=[0.1, -0.1]), "cannot be negative"),
    ],
)
def test_bad_values_are_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        schedule(sgd())
