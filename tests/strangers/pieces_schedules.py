"""Learning rate schedules, made in the stranger's `configure_optimizers`."""

from functools import partial

import pytest
import torch
from fitting import EPOCHS, Fit, parameters
from pieces import asked_of_a_module, piece
from pieces_callbacks import is_changed

from lightning_modules import (
    CosineDecay,
    CosineRestarts,
    ExponentialDecay,
    LinearDecay,
    OneCycle,
    PiecewiseConstant,
    Plateau,
    PowerDecay,
    RateHistory,
    ScheduleCheck,
    SquareRootDecay,
    Warmup,
    WarmupStableDecay,
    diagnose,
    preview,
    range_test,
    scheduled,
)

SCHEDULES = {
    PowerDecay: "schedules/decay.md",
    SquareRootDecay: "schedules/decay.md",
    ExponentialDecay: "schedules/decay.md",
    PiecewiseConstant: "schedules/decay.md",
    LinearDecay: "schedules/decay.md",
    CosineDecay: "schedules/cosine.md",
    CosineRestarts: "schedules/cosine.md",
    OneCycle: "schedules/one_cycle.md",
    Warmup: "schedules/cosine.md#warm-up",
    WarmupStableDecay: "schedules/decay.md#warm-up-stable-decay",
}


SETTINGS = {CosineRestarts: {"cycles": 2}, Warmup: {"steps": 3, "after": LinearDecay}}


def enter(schedule: type, page: str) -> None:
    make = partial(schedule, **SETTINGS.get(schedule, {}))

    @piece(schedule.__name__, page)
    def _(fit: Fit) -> None:
        follow(fit, make)


def follow(fit: Fit, make) -> None:
    """Train by a schedule, and compare each step's rate with what the schedule would give by itself."""
    rates = RateHistory()
    model = fit.new(lambda module, optimizer: scheduled(module.trainer, optimizer, make))
    trainer = fit.train(model, rates)
    alone = fit.new().configure_optimizers()
    expected = preview(make(alone, total_steps=trainer.global_step), trainer.global_step)
    assert rates.rate() == pytest.approx(expected)
    assert len(set(expected)) > 1
    assert is_changed(fit)


for kind, place in SCHEDULES.items():
    enter(kind, place)


@piece("Plateau", "schedules/performance.md")
def _(fit: Fit) -> None:
    # Only a loss of a hundredth would count as better.
    make = partial(Plateau, monitor="val_loss", patience=0, threshold=0.99)
    model = fit.new(lambda module, optimizer: scheduled(module.trainer, optimizer, make))
    rates = RateHistory()
    trainer = fit.train(model, rates)
    per_epoch = trainer.global_step // EPOCHS
    assert trainer.lr_scheduler_configs[0].scheduler.reductions == [2, 3]
    first, second, third = rates.rate()[::per_epoch]
    assert first == second == 2 * third


@piece("scheduled", "api/schedules.md")
def _(fit: Fit) -> None:
    make = partial(torch.optim.lr_scheduler.StepLR, step_size=3)
    model = fit.new(lambda module, optimizer: scheduled(module.trainer, optimizer, make))
    rates = RateHistory()
    fit.train(model, rates)
    assert rates.rate()[2] == pytest.approx(10 * rates.rate()[3])
    assert is_changed(fit)


@piece("ScheduleCheck", "schedules/index.md")
def _(fit: Fit) -> None:
    def configure(module, optimizer):
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": LinearDecay(optimizer), "interval": "step"},
        }

    rates = RateHistory()
    trainer = fit.train(fit.new(configure), ScheduleCheck(), rates)
    assert trainer.lr_scheduler_configs[0].scheduler.total_steps == trainer.global_step
    assert rates.rate()[-1] == pytest.approx(rates.rate()[0] / trainer.global_step)


@piece(
    "range_test", "schedules/index.md", resumed="Puts everything back, so that there is nothing to resume."
)
def _(fit: Fit) -> None:
    model = fit.new()
    before = parameters(model)
    found = range_test(model, fit.loaders()[0], 1e-4, 1.0, steps=20, **fit.trainer_arguments())
    assert len(found.losses) >= 10
    after = parameters(model)
    assert all(torch.equal(before[name], after[name]) for name in before)


@piece("diagnose", "api/doctor.md", resumed="Puts everything back, so that there is nothing to resume.")
def _(fit: Fit) -> None:
    model = fit.new()
    before = parameters(model)
    assert diagnose(model, fit.loaders()[0], steps=20, **fit.trainer_arguments()).steps >= 20
    after = parameters(model)
    assert all(torch.equal(before[name], after[name]) for name in before)


@asked_of_a_module("preview", "api/schedules.md")
def _(fit: Fit) -> None:
    optimizer = fit.new().configure_optimizers()
    rates = preview(torch.optim.lr_scheduler.StepLR(optimizer, step_size=2), 4)
    assert rates == pytest.approx([rates[0], rates[0], rates[0] / 10, rates[0] / 10])
