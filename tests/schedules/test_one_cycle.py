"""lightning_modules.schedules.one_cycle."""

from functools import partial

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from lightning_modules import OneCycle

OPTIMIZERS = {
    "SGD": partial(torch.optim.SGD, lr=0.4, momentum=0.9),
    "Adam": partial(torch.optim.Adam, lr=0.4, betas=(0.9, 0.99)),
    "RMSprop": partial(torch.optim.RMSprop, lr=0.4, momentum=0.5),
}


def made(schedule, optimizer=OPTIMIZERS["SGD"]):
    optimizer = optimizer([torch.nn.Parameter(torch.ones(1))])
    return optimizer, schedule(optimizer)


def steps(optimizer, schedule, count):
    """The rates and momenta of the next steps."""
    used = []
    for _ in range(count):
        (group,) = optimizer.param_groups
        used.append((group["lr"], group["betas"][0] if "betas" in group else group["momentum"]))
        optimizer.step()
        schedule.step()
    return tuple(zip(*used, strict=True))


def test_two_phases_by_hand():
    # The peak is at step 0.4 * 10 − 1 = 3, the end at step 9.
    schedule = partial(
        OneCycle, rise=0.4, start=0.25, end=0.0, shape="linear", momentum=(0.8, 0.92), total_steps=10
    )
    rates, momenta = steps(*made(schedule), 11)
    assert rates == pytest.approx(
        [0.1, 0.2, 0.3, 0.4, *[0.4 * left / 6 for left in (5, 4, 3, 2, 1, 0, 0)]], abs=1e-12
    )
    assert momenta == pytest.approx(
        [0.92, 0.88, 0.84, 0.80, *[0.8 + 0.02 * done for done in (1, 2, 3, 4, 5, 6, 6)]]
    )


def test_three_phases_by_hand():
    # Corners at steps 0.4 * 10 − 1 = 3, 2 * 4 − 2 = 6 and 9.
    schedule = partial(
        OneCycle, rise=0.4, start=0.25, end=0.1, shape="linear", momentum=(0.8, 0.92), total_steps=10
    )
    rates, momenta = steps(*made(partial(schedule, three_phase=True)), 10)
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.3, 0.2, 0.1, 0.08, 0.06, 0.04])
    assert momenta == pytest.approx([0.92, 0.88, 0.84, 0.80, 0.84, 0.88, 0.92, 0.92, 0.92, 0.92])


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("three_phase", [False, True])
@pytest.mark.parametrize(("shape", "theirs"), [("cosine", "cos"), ("linear", "linear")])
@pytest.mark.parametrize("total", [20, 33])
def test_rates_and_momenta_are_torchs(optimizer, three_phase, shape, theirs, total):
    ours = made(partial(OneCycle, three_phase=three_phase, shape=shape, total_steps=total), optimizer)
    oracle = made(
        partial(OneCycleLR, max_lr=0.4, total_steps=total, three_phase=three_phase, anneal_strategy=theirs),
        optimizer,
    )
    rates, momenta = steps(*ours, total)
    expected_rates, expected_momenta = steps(*oracle, total)
    assert rates == pytest.approx(expected_rates)
    assert momenta == pytest.approx(expected_momenta)


def test_the_second_beta_stays():
    optimizer, schedule = made(partial(OneCycle, total_steps=20), OPTIMIZERS["Adam"])
    steps(optimizer, schedule, 10)
    assert optimizer.param_groups[0]["betas"][1] == 0.99


def test_momentum_can_be_left_alone():
    _, momenta = steps(*made(partial(OneCycle, momentum=None, total_steps=20)), 20)
    assert set(momenta) == {0.9}


def test_sgd_without_momentum_is_refused_where_torch_gives_it_one():
    plain = partial(torch.optim.SGD, lr=0.4)
    optimizer, _ = made(partial(OneCycleLR, max_lr=0.4, total_steps=20), plain)
    assert optimizer.param_groups[0]["momentum"] == 0.95
    with pytest.raises(ValueError, match=r"made without momentum.*SGD\(..., momentum=0.9\)"):
        made(partial(OneCycle, total_steps=20), plain)
    _, momenta = steps(*made(partial(OneCycle, momentum=None, total_steps=20), plain), 20)
    assert set(momenta) == {0}


def test_an_optimizer_without_momentum_is_refused():
    with pytest.raises(ValueError, match="Adagrad has no momentum that OneCycle could change"):
        made(OneCycle, partial(torch.optim.Adagrad, lr=0.1))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rise": 0.0}, "between 0 and 1 of the run, got rise=0.0"),
        ({"rise": 0.5, "three_phase": True}, "between 0 and 0.5 .* as many steps, got rise=0.5"),
        ({"start": 0.0}, "start=0.0"),
        ({"end": 1.0}, "end=1.0"),
        ({"shape": "wave"}, "shape='wave'"),
        ({"momentum": (0.95, 0.85)}, r"low ≤ high < 1, got \(0.95, 0.85\)"),
    ],
)
def test_bad_values_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        made(partial(OneCycle, **settings))


def test_a_run_too_short_for_the_phases_is_refused():
    _, schedule = made(OneCycle)
    schedule.size(5)
    with pytest.raises(ValueError, match="do not fit into 5 steps"):
        schedule.check(5)


@pytest.mark.parametrize("total", [1, 2, 3, 4])
def test_a_trial_of_a_few_steps_does_not_break_it(total):
    rates, _ = steps(*made(partial(OneCycle, total_steps=total)), total + 2)
    assert all(0 < rate <= 0.4 for rate in rates)
