"""Callbacks for the stranger's own Trainer."""

import pytest
import pytorch_lightning as pl
import torch
from fitting import EPOCHS, Fit, parameters
from pieces import piece
from torch import nn
from torch.nn.modules.conv import _ConvNd

from lightning_modules import (
    AdaptiveGradientClipping,
    ClipGradientNorm,
    ClipGradientPercentile,
    ClipGradientValue,
    Doctor,
    FreezeBatchNorm,
    GradualUnfreezing,
    History,
    Initialize,
    L2Penalty,
    LogSignal,
    MaxNorm,
    ProximalL1,
    RateHistory,
    RestoringEarlyStopping,
    SubgradientL1,
    quiet_trainer,
    split_parameters,
)

CLIPPING = "gradients/gradient_clipping.md"
PENALTIES = "regularization/penalties.md"


class Gradients(pl.Callback):
    """What the optimizer gets to see, where this stands last: each step's norm and largest number."""

    def __init__(self):
        self.norms, self.largest = [], []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        numbers = torch.cat([p.grad.flatten() for p in pl_module.parameters() if p.grad is not None])
        self.norms.append(numbers.norm().item())
        self.largest.append(numbers.abs().max().item())


def is_changed(fit: Fit) -> bool:
    """Whether training has ended elsewhere than without the piece."""
    bare, found = fit.bare(), parameters(fit.model)
    return any(not torch.equal(bare[name], value) for name, value in found.items() if name in bare)


def clipped(fit: Fit, clipping) -> Gradients:
    seen = Gradients()
    trainer = fit.train(fit.new(), clipping, seen)
    assert clipping.steps == trainer.global_step, "each step is counted once"
    assert clipping.clipped > 0, "some step is clipped"
    assert is_changed(fit)
    return seen


@piece("ClipGradientNorm", CLIPPING)
def _(fit: Fit) -> None:
    assert max(clipped(fit, ClipGradientNorm(0.2)).norms) == pytest.approx(0.2, rel=1e-4)


@piece("ClipGradientValue", CLIPPING)
def _(fit: Fit) -> None:
    assert max(clipped(fit, ClipGradientValue(0.01)).largest) == pytest.approx(0.01)


@piece("ClipGradientPercentile", CLIPPING)
def _(fit: Fit) -> None:
    clipping = ClipGradientPercentile(percent=20, warmup=3)
    clipped(fit, clipping)
    assert clipping.clipped <= clipping.steps - 3


@piece("AdaptiveGradientClipping", CLIPPING)
def _(fit: Fit) -> None:
    clipped(fit, AdaptiveGradientClipping(0.01))


@piece("Initialize", "gradients/initialization.md")
def _(fit: Fit) -> None:
    callback = Initialize(activation=nn.ReLU)
    fit.train(fit.new(), callback)
    assert is_changed(fit)
    if fit.resume is None:  # a resumed run keeps the weights of its checkpoint
        drawn = [row for row in callback.report.rows if row.scheme]
        assert {row.scheme for row in drawn} == {"he", "glorot"}
        assert all(row.std_after == pytest.approx(row.target_std, rel=0.3) for row in drawn)


@piece("FreezeBatchNorm", "gradients/batch_norm.md")
def _(fit: Fit) -> None:
    model = fit.new()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:  # as if it had been trained
        norm.running_mean.fill_(0.25)
    fit.train(model, FreezeBatchNorm())
    assert all(bool((norm.running_mean == 0.25).all()) for norm in norms)
    assert all(norm.training for norm in norms), "they get their mode back"


@piece("GradualUnfreezing", "pretrained/transfer.md")
def _(fit: Fit) -> None:
    upper, lower = {
        "images": ("body.3", "body.0"),
        "tokens": ("encoder.layers.1", "encoder.layers.0"),
    }[fit.stranger]
    moved = {}

    class Look(pl.Callback):
        def on_train_epoch_start(self, trainer, pl_module):
            self.before = parameters(pl_module)

        def on_train_epoch_end(self, trainer, pl_module):
            after = parameters(pl_module)
            moved[trainer.current_epoch] = {
                layer
                for layer in (upper, lower, "head")
                if any(
                    not torch.equal(after[name], self.before[name])
                    for name in after
                    if name.startswith(f"{layer}.")
                )
            }

    unfreezing = GradualUnfreezing([upper, lower])
    fit.train(fit.new(), unfreezing, Look())
    expected = [{"head"}, {"head", upper}, {"head", upper, lower}]
    assert moved == {epoch: expected[epoch] for epoch in range(0 if fit.resume is None else 1, EPOCHS)}


@piece("MaxNorm", "regularization/max_norm.md")
def _(fit: Fit) -> None:
    model = fit.new()
    fit.train(model, MaxNorm(0.5))
    layers = [module for module in model.modules() if isinstance(module, nn.Linear | _ConvNd)]
    assert max(layer.weight.flatten(1).norm(dim=1).max().item() for layer in layers) <= 0.5 + 1e-6


@piece("L2Penalty", PENALTIES)
def _(fit: Fit) -> None:
    fit.train(fit.new(), L2Penalty(0.3))
    assert _size(fit, 2) < _size_of_bare(fit, 2)


@piece("SubgradientL1", PENALTIES)
def _(fit: Fit) -> None:
    trainer = fit.train(fit.new(), SubgradientL1(0.03))
    assert _size(fit, 1) < _size_of_bare(fit, 1)
    assert "weights/small" in trainer.callback_metrics


@piece("ProximalL1", PENALTIES)
def _(fit: Fit) -> None:
    trainer = fit.train(fit.new(), ProximalL1(0.3))
    assert _size(fit, 1) < _size_of_bare(fit, 1)
    assert trainer.callback_metrics["weights/zero"] > 0


def _size(fit: Fit, power: int) -> float:
    return sum(p.abs().pow(power).sum().item() for p in split_parameters(fit.model).penalized.values())


def _size_of_bare(fit: Fit, power: int) -> float:
    names = split_parameters(fit.model).penalized
    return sum(fit.bare()[name].abs().pow(power).sum().item() for name in names)


@piece("RateHistory", "api/schedules.md")
def _(fit: Fit) -> None:
    rates = RateHistory()
    trainer = fit.train(fit.new(), rates)
    assert rates.rate() == [trainer.optimizers[0].param_groups[0]["lr"]] * trainer.global_step
    assert not is_changed(fit)


@piece("History", "api/classifier.md")
def _(fit: Fit) -> None:
    history = History(every_step=True)
    trainer = fit.train(fit.new(), history)
    assert len(history["val_loss"]) == len(history["train_loss"]) == EPOCHS
    per_epoch = trainer.global_step // EPOCHS
    assert history.steps == [per_epoch, 2 * per_epoch, 3 * per_epoch]
    assert len(history["train/loss_step"]) == EPOCHS * trainer.num_training_batches
    assert not is_changed(fit)


@piece("RestoringEarlyStopping", "api/early_stopping.md")
def _(fit: Fit) -> None:
    ends = {}

    class Keep(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            ends[trainer.current_epoch] = parameters(pl_module)

    # As if a high loss were the better one: the first epoch is the best.
    stopping = RestoringEarlyStopping("val_loss", patience=1, mode="max")
    trainer = fit.train(fit.new(), Keep(), stopping)
    best = stopping.best_epoch
    assert best is not None and best < trainer.current_epoch - 1
    if best in ends:  # a resumed run has it from the checkpoint
        assert all(torch.equal(ends[best][name], value) for name, value in parameters(fit.model).items())


@piece("LogSignal", "api/signal.md")
def _(fit: Fit) -> None:
    callback = LogSignal(every=5)
    trainer = fit.train(fit.new(), callback)
    assert not is_changed(fit)
    if trainer.is_global_zero:
        assert callback.report["head"].gradient_norm > 0
        assert callback.report.loss > 0


@piece("Doctor", "api/doctor.md")
def _(fit: Fit) -> None:
    callback = Doctor()
    trainer = fit.train(fit.new(), callback)
    assert not is_changed(fit)
    if trainer.is_global_zero:
        assert callback.record.loss.kind == "cross_entropy"
        assert all(finding.sure < 0.9 for finding in callback.diagnosis)


@piece("quiet_trainer", "api/classifier.md")
def _(fit: Fit) -> None:
    fit.train(fit.new(), trainer=quiet_trainer)
    assert not is_changed(fit)
