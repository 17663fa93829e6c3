"""lightning_modules.schedules.preview."""

import threading
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


class Counter:
    """Its rates depend on how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self, step):
        self.asked += 1
        return 0.9**self.asked

    rate_at = __call__


class Module(torch.nn.Module):
    """Cannot be copied."""

    def __init__(self):
        super().__init__()
        self.lock, self.base = threading.Lock(), 0.9

    def rate_at(self, step):
        return self.base**step


def test_a_method_of_a_module_is_asked_and_the_module_not_copied():
    module = Module()
    for function in (module.rate_at, lambda step: module.rate_at(step), partial(Module.rate_at, module)):
        schedule = torchs.LambdaLR(adam(1.0), function)
        assert preview(schedule, 3) == pytest.approx([1, 0.9, 0.81])


@pytest.mark.parametrize("way", ["called", "method"])
def test_what_counts_how_often_it_was_asked_is_not_used_up(way):
    counter = Counter()
    schedule = torchs.LambdaLR(adam(1.0), counter if way == "called" else counter.rate_at)
    assert preview(schedule, 3) == pytest.approx([0.9, 0.81, 0.729])
    assert counter.asked == 1


def test_a_cycle_with_a_shape_of_its_own_is_shown():
    schedule = torchs.CyclicLR(adam(0.1), 0.1, 0.2, 2, scale_fn=lambda x: 1.0, cycle_momentum=False)
    assert preview(schedule, 4) == pytest.approx([0.1, 0.15, 0.2, 0.15])
    built_in = torchs.CyclicLR(adam(0.1), 0.1, 0.2, 2, mode="exp_range", gamma=0.5, cycle_momentum=False)
    assert preview(built_in, 3) == pytest.approx([0.1, 0.1 + 0.05 * 0.5, 0.1 + 0.1 * 0.25])
