"""lightning_modules.schedules.preview."""

from functools import partial

import pytest
import torch
from torch.optim import lr_scheduler as torchs

from lightning_modules import LinearDecay, OneCycle, Plateau, Warmup, preview


def adam(*rates):
    groups = [{"params": [torch.nn.Parameter(torch.ones(1))], "lr": rate} for rate in rates or (0.1,)]
    return torch.optim.Adam(groups)


def sequence(optimizer):
    parts = [torchs.LinearLR(optimizer, total_iters=3), torchs.ExponentialLR(optimizer, gamma=0.9)]
    return torchs.SequentialLR(optimizer, parts, milestones=[3])


SCHEDULES = {
    "OneCycleLR": partial(torchs.OneCycleLR, max_lr=[0.1, 0.01], total_steps=20),
    "a lambda": partial(torchs.LambdaLR, lr_lambda=lambda step: 0.9**step),
    "a sequence": sequence,
    "restarts": partial(torchs.CosineAnnealingWarmRestarts, T_0=5),
    "1cycle": partial(OneCycle, total_steps=20),
    "warm-up": partial(Warmup, steps=5, after=LinearDecay, total_steps=20),
    "warm-up, torch's": partial(Warmup, steps=5, after=partial(torchs.StepLR, step_size=2)),
}


@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES)
def test_it_shows_what_comes_and_uses_nothing_up(make):
    optimizer = adam(0.1, 0.01)
    schedule = make(optimizer)
    for steps_before in (0, 7):
        for _ in range(steps_before):
            optimizer.step()
            schedule.step()
        shown = [preview(schedule, 6, group) for group in (0, 1)]
        assert shown == [preview(schedule, 6, group) for group in (0, 1)]
    used = ([], [])
    for _ in range(6):
        for group, rates in zip(optimizer.param_groups, used, strict=True):
            rates.append(group["lr"])
        optimizer.step()
        schedule.step()
    assert [pytest.approx(rates) for rates in used] == shown


def test_momentum_stays_as_it_is():
    optimizer = adam()
    schedule = OneCycle(optimizer, total_steps=20)
    preview(schedule, 10)
    assert optimizer.param_groups[0]["betas"][0] == 0.95


def test_rates_that_are_tensors_stay_as_they_are():
    rate = torch.tensor(0.1)
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.ones(1))], lr=rate)
    assert preview(LinearDecay(optimizer, total_steps=4), 4) == pytest.approx([0.1, 0.075, 0.05, 0.025])
    assert rate.item() == pytest.approx(0.1)


def test_what_depends_on_measurements_cannot_be_shown():
    with pytest.raises(ValueError, match=r"measurements to come. Use RateHistory"):
        preview(Plateau(adam()), 5)
    with pytest.raises(ValueError, match="got -1"):
        preview(LinearDecay(adam(), total_steps=4), -1)
