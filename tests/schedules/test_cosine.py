"""lightning_modules.schedules.cosine."""

from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, CosineAnnealingWarmRestarts

from lightning_modules import CosineDecay, CosineRestarts, preview


def sgd(rate=1.0):
    return torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=rate)


def test_half_a_wave_by_hand():
    rates = preview(CosineDecay(sgd(), total_steps=6), 8)
    assert rates == pytest.approx(
        [1, 0.5 + 0.75**0.5 / 2, 0.75, 0.5, 0.25, 0.5 - 0.75**0.5 / 2, 0, 0], abs=1e-12
    )


def test_it_ends_at_the_fraction_that_it_is_told():
    assert preview(CosineDecay(sgd(2.0), end=0.5, total_steps=4), 5) == pytest.approx(
        [2, 2 - (1 - 0.5**0.5) / 2, 1.5, 2 - (1 + 0.5**0.5) / 2, 1]
    )


def test_rates_are_torchs_until_the_end_and_do_not_rise_after_it():
    ours = preview(CosineDecay(sgd(0.3), end=0.1, total_steps=20), 40)
    theirs = preview(CosineAnnealingLR(sgd(0.3), T_max=20, eta_min=0.03), 40)
    assert ours[:21] == pytest.approx(theirs[:21])
    assert ours[21:] == pytest.approx([0.03] * 19)
    assert theirs[39] > 0.29


@pytest.mark.parametrize(("cycles", "lengthen", "first"), [(3, 2, 10), (2, 3, 6), (4, 1, 7)])
def test_restarts_are_torchs(cycles, lengthen, first):
    total = sum(first * lengthen**cycle for cycle in range(cycles))
    ours = CosineRestarts(sgd(0.3), cycles=cycles, lengthen=float(lengthen), end=0.1, total_steps=total)
    theirs = CosineAnnealingWarmRestarts(sgd(0.3), T_0=first, T_mult=lengthen, eta_min=0.03)
    assert preview(ours, total) == pytest.approx(preview(theirs, total))
    assert preview(ours, total + 5)[total:] == pytest.approx([0.03] * 5)  # no further cycle begins


@pytest.mark.parametrize("total", range(6, 60))
def test_a_restart_is_at_the_first_whole_step_of_a_cycle(total):
    schedule = CosineRestarts(sgd(), cycles=3, lengthen=1.0, total_steps=total)
    rates = preview(schedule, total)
    rises = [step for step in range(1, total) if rates[step] > rates[step - 1]]
    assert rises == [-(-total // 3), -(-2 * total // 3)]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (partial(CosineDecay, end=1.5), "end=1.5"),
        (partial(CosineRestarts, cycles=1), "at least 2 cycles, got 1. One is CosineDecay"),
        (partial(CosineRestarts, lengthen=0.0), "lengthen > 0, got 0.0"),
        (partial(CosineRestarts, end=-1.0), "end=-1.0"),
    ],
)
def test_bad_values_are_refused(schedule, message):
    with pytest.raises(ValueError, match=message):
        schedule(sgd())


def test_cycles_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"3 cycles do not fit into 10 steps: the shortest would take 1.4"):
        CosineRestarts(sgd(), cycles=3, total_steps=10).check(10)
