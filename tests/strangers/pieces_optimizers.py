"""What the stranger's `configure_optimizers` makes in place of its own optimizer."""

import math

import pytest
import torch
from fitting import Fit, parameters
from pieces import piece
from pieces_callbacks import is_changed
from torch import Tensor

from lightning_modules import (
    AdaGrad,
    Adam,
    AdaMax,
    AdamW,
    CosineDecay,
    Momentum,
    Muon,
    Nadam,
    Nesterov,
    RateHistory,
    RMSProp,
    SideBySide,
    decay_groups,
    layer_rate_groups,
    recipe,
    scheduled,
    split_for_muon,
)
from lightning_modules.recipes.parts import ONE_CYCLE

TORCHS = {
    AdaGrad: (torch.optim.Adagrad, {}),
    Adam: (torch.optim.Adam, {}),
    AdaMax: (torch.optim.Adamax, {}),
    AdamW: (torch.optim.AdamW, {}),
    Momentum: (torch.optim.SGD, {"momentum": 0.9}),
    Nadam: (torch.optim.NAdam, {}),
    Nesterov: (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    RMSProp: (torch.optim.RMSprop, {}),
}


def distance(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> float:
    return math.hypot(*((ours[name] - theirs[name]).norm().item() for name in ours))


# What is not hidden. The images' network has no other matrix than its head, so that is Muon's here.
NOT_HIDDEN: dict[str, list[str]] = {"images": [], "tokens": ["head", "positions"]}


def enter(optimizer: type[torch.optim.Optimizer]) -> None:
    @piece(optimizer.__name__, f"optimizers/{optimizer.__name__.lower()}.md")
    def _(fit: Fit) -> None:
        trainer = fit.train(fit.new(lambda module, _: optimizer(module.parameters(), lr=0.003)))
        assert type(trainer.optimizers[0]) is optimizer
        found = parameters(fit.model)
        theirs, settings = TORCHS[optimizer]
        again = Fit(fit.stranger, fit.circumstance)
        again.train(again.new(lambda module, _: theirs(module.parameters(), lr=0.003, **settings)))
        # Two ways to compute the same steps: what they differ by in the last bits grows from step to step.
        expected, start = parameters(again.model), parameters(fit.new())
        apart, way = (distance(other, expected) for other in (found, start))
        assert apart < 0.1 * way


for kind in TORCHS:
    enter(kind)


def beside_adamw(muon: type[torch.optim.Optimizer]):
    def configure(module, _):
        stranger = "tokens" if hasattr(module, "positions") else "images"
        split = split_for_muon(module, NOT_HIDDEN[stranger])
        return SideBySide(
            muon(split.matrices.values(), lr=0.02),
            torch.optim.AdamW(split.others.values(), lr=0.003),
        )

    return configure


@piece("Muon", "optimizers/muon.md")
def _(fit: Fit) -> None:
    fit.train(fit.new(beside_adamw(Muon)))
    found = parameters(fit.model)
    again = Fit(fit.stranger, fit.circumstance)
    again.train(again.new(beside_adamw(torch.optim.Muon)))
    expected, start = parameters(again.model), parameters(fit.new())
    apart, way = (distance(other, expected) for other in (found, start))
    assert apart < 0.1 * way


@piece("SideBySide", "optimizers/muon.md")
def _(fit: Fit) -> None:
    rates = RateHistory()

    def configure(module, optimizer):
        both = beside_adamw(torch.optim.Muon)(module, optimizer)
        return scheduled(module.trainer, both, CosineDecay)

    trainer = fit.train(fit.new(configure), rates)
    both = trainer.optimizers[0]
    assert all(one.state for one in both.optimizers)
    assert [ratio * 20 / 3 for ratio in rates.rate(group=1)] == pytest.approx(rates.rate(group=0))
    assert is_changed(fit)


@piece("split_for_muon", "optimizers/muon.md")
def _(fit: Fit) -> None:
    trainer = fit.train(fit.new(beside_adamw(Muon)))
    muon, adamw = (one.param_groups[0]["params"] for one in trainer.optimizers[0].optimizers)
    assert all(p.ndim == 2 for p in muon)
    assert len(muon) + len(adamw) == len(list(fit.model.parameters()))
    assert is_changed(fit)


@piece("decay_groups", "regularization/penalties.md")
def _(fit: Fit) -> None:
    def configure(module, _):
        return torch.optim.AdamW(decay_groups(module, weight_decay=1.0), lr=3e-3)

    trainer = fit.train(fit.new(configure))
    weights, others = trainer.optimizers[0].param_groups
    assert all(p.ndim > 1 for p in weights["params"])
    assert len(weights["params"]) + len(others["params"]) == len(list(fit.model.parameters()))
    assert is_changed(fit)


@piece("layer_rate_groups", "pretrained/transfer.md")
def _(fit: Fit) -> None:
    layers = {
        "images": ["body.[345]", ["body.*"]],
        "tokens": ["encoder.layers.*", ["embedding", "positions"]],
    }
    rates = RateHistory()

    def configure(module, _):
        groups = layer_rate_groups(module, layers[fit.stranger], 3e-3, 0.5, decay_groups(module, 0.1))
        return scheduled(module.trainer, torch.optim.AdamW(groups), CosineDecay)

    trainer = fit.train(fit.new(configure), rates)
    groups = trainer.optimizers[0].param_groups
    assert sum(len(group["params"]) for group in groups) == len(list(fit.model.parameters()))
    head = rates.rate(group=0)
    assert len(set(head)) > 1
    times = {group["initial_lr"] / 3e-3 for group in groups}
    assert times == {1.0, 0.5, 0.25, 0.125}
    for place, group in enumerate(groups):
        ratio = group["initial_lr"] / 3e-3
        assert rates.rate(group=place) == pytest.approx([ratio * rate for rate in head])
    assert is_changed(fit)


@piece("recipe", "guidelines.md")
def _(fit: Fit) -> None:
    # The tables' second choice; the first takes eight epochs to act.
    chosen = recipe("default", schedule=ONE_CYCLE)

    def configure(module, _):
        optimizer = chosen.optimizer.make(module.parameters())
        return scheduled(module.trainer, optimizer, chosen.schedule.make, chosen.schedule.interval)

    trainer = fit.train(fit.new(configure), *chosen.callbacks(monitor="val_loss"))
    assert trainer.optimizers[0].param_groups[0]["nesterov"]
    assert is_changed(fit)
