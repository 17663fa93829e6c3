"""Lightning's own callbacks beside pieces of the library, each pair as a small program on a stranger's module.

A program makes the Lightning callback and uses the piece beside it, and asserts that both have done their jobs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from conv_net import ConvNet
from fitting import EPOCHS, Fit
from pytorch_lightning import callbacks as theirs
from pytorch_lightning.loggers import CSVLogger
from torch import nn

from lightning_modules import (
    CosineDecay,
    FreezeBatchNorm,
    GradualUnfreezing,
    History,
    LogSignal,
    MaxNorm,
    OneCycle,
    Plateau,
    ProximalL1,
    RateHistory,
    RestoringEarlyStopping,
    Warmup,
    preview,
    scheduled,
)

STEPS = 8  # an epoch's batches

CALLBACKS: dict[str, Callable[[], pl.Callback]] = {
    "GradientAccumulationScheduler": partial(theirs.GradientAccumulationScheduler, {0: 1, 1: 4}),
    "StochasticWeightAveraging": partial(
        theirs.StochasticWeightAveraging, 0.05, swa_epoch_start=3, annealing_epochs=1
    ),
    "EMAWeightAveraging": partial(theirs.EMAWeightAveraging, decay=0.5),
    "WeightAveraging": theirs.WeightAveraging,
    "BackboneFinetuning": partial(theirs.BackboneFinetuning, 1),
    "ModelPruning": partial(
        theirs.ModelPruning, "l1_unstructured", amount=0.2, use_lottery_ticket_hypothesis=False
    ),
    "EarlyStopping": partial(theirs.EarlyStopping, "val_loss", patience=1, min_delta=100.0),
    "LearningRateFinder": partial(theirs.LearningRateFinder, num_training_steps=20),
    "LearningRateMonitor": partial(theirs.LearningRateMonitor, "step"),
}
"""By name, how it is made."""

AVERAGES = ("StochasticWeightAveraging", "EMAWeightAveraging", "WeightAveraging")


class Backbone(ConvNet):
    """The stranger's module, as `BackboneFinetuning` wants it."""

    def __init__(self):
        super().__init__()
        self.backbone = self.body

    def configure_optimizers(self):
        return torch.optim.SGD(self.trained(), lr=self.hparams.lr, momentum=0.9)

    def trained(self):
        """What the optimizer is given: all, or what `BackboneFinetuning` has left."""
        return [p for p in self.parameters() if p.requires_grad]


def fit(name: str, *pieces: pl.Callback, schedule=None, interval="step", monitor="val_loss"):
    """Train with the callback of this name and with pieces; module, Trainer, callback, and each step's rate come back."""
    one, rates = CALLBACKS[name](), RateHistory()

    class Module(Backbone):
        def configure_optimizers(self):
            optimizer = super().configure_optimizers()
            if schedule is None:
                return optimizer
            return scheduled(self.trainer, optimizer, schedule, interval, monitor)

    torch.manual_seed(0)
    model = Module()
    trainer = pl.Trainer(
        max_epochs=EPOCHS,
        accelerator="cpu",
        devices=1,
        logger=CSVLogger(".") if name == "LearningRateMonitor" else False,
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=[*pieces, one, rates],
    )
    trainer.fit(model, *Fit("images").loaders())
    return model, trainer, one, rates.rate()


def by_hand(schedule, steps: int) -> list[float]:
    return preview(schedule(Backbone().configure_optimizers(), total_steps=steps), steps)


def one_cycle(name: str) -> None:
    follows(name, OneCycle)


def warmup(name: str) -> None:
    follows(name, partial(Warmup, steps=3, after=CosineDecay))


def follows(name: str, schedule) -> None:
    _, trainer, one, rates = fit(name, schedule=schedule)
    assert trainer.global_step == len(rates)
    # Early stopping cuts off what is made for the whole run.
    steps = EPOCHS * STEPS if name == "EarlyStopping" else len(rates)
    assert rates == pytest.approx(by_hand(schedule, steps)[: len(rates)])
    if name == "LearningRateMonitor":
        assert one.lrs["lr-SGD"] == pytest.approx(rates)


def plateau(name: str) -> None:
    schedule = partial(Plateau, patience=0, threshold=0.999)
    _, trainer, _, rates = fit(name, schedule=schedule, interval="epoch")
    if name == "EarlyStopping":
        assert trainer.current_epoch == 2
        return
    epochs = rates[:: STEPS if name != "GradientAccumulationScheduler" else 1]
    first = epochs[0]
    assert first == epochs[1] if name != "GradientAccumulationScheduler" else first == rates[STEPS]
    expected = 0.05 if name == "StochasticWeightAveraging" else first / 2
    assert rates[-1] == pytest.approx(expected)


class Still(pl.Callback):
    """Whether a layer stood still in each epoch."""

    def __init__(self, layer: str):
        self.layer, self.stood = layer, []

    def on_train_epoch_start(self, trainer, pl_module):
        self.before = [p.detach().clone() for p in pl_module.get_submodule(self.layer).parameters()]

    def on_train_epoch_end(self, trainer, pl_module):
        after = pl_module.get_submodule(self.layer).parameters()
        self.stood.append(all(map(torch.equal, self.before, after)))


def unfreezing(name: str) -> None:
    still = Still("body.3")
    unfreezing = (
        GradualUnfreezing(["body.3"], monitor="val_loss", min_delta=100.0)
        if name == "EarlyStopping"
        else GradualUnfreezing(["body.3"], at=[1])
    )
    fit(name, unfreezing, still)
    assert still.stood[:2] == [True, name == "EarlyStopping"]
    assert not still.stood[2]
    assert unfreezing.thawed == 1


def freezing(name: str) -> None:
    kept = {}

    class Trained(pl.Callback):
        def setup(self, trainer, pl_module, stage):
            for norm in (m for m in pl_module.modules() if isinstance(m, nn.BatchNorm2d)):
                norm.running_mean.fill_(0.25)
                kept[norm] = norm.running_mean.clone()

    fit(name, Trained(), FreezeBatchNorm())
    assert kept
    assert all(torch.equal(norm.running_mean, mean) for norm, mean in kept.items())


def proximal(name: str) -> None:
    model, trainer, _, _ = fit(name, ProximalL1(0.3))
    assert trainer.callback_metrics["weights/zero"] > 0
    if name not in AVERAGES:  # the mean of weights is 0 where all are
        assert (model.head.weight == 0).any()


def max_norm(name: str) -> None:
    model, _, _, _ = fit(name, MaxNorm(0.4))
    # Weights that are no longer than that have means that are not, but for the rounding.
    assert model.head.weight.norm(dim=1).max() <= 0.4 + 1e-5


def history(name: str) -> None:
    history = History()
    model, trainer, _, _ = fit(name, history)
    epochs = {"EarlyStopping": 2, "StochasticWeightAveraging": EPOCHS + 1}  # the statistics take one more
    assert len(history.steps) == len(history["train_loss"]) == epochs.get(name, EPOCHS)
    assert history.steps[-1] == trainer.global_step
    # Averages are what was validated last; pruning comes after it.
    if name != "ModelPruning":
        with torch.no_grad():
            losses = [F.cross_entropy(model.eval()(x), y) for x, y in Fit("images").loaders()[1]]
        assert history["val_loss"][-1] == pytest.approx(float(sum(losses)) / len(losses), rel=1e-4)


def restoring(name: str) -> None:
    losses, states = [], []

    class Keep(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            losses.append(float(trainer.callback_metrics["val_loss"]))
            states.append([p.detach().clone() for p in pl_module.parameters()])

    stopping = RestoringEarlyStopping("val_loss", patience=1, min_delta=0.01)
    model, _, _, _ = fit(name, Keep(), stopping)
    assert float(stopping.best_score) == losses[stopping.best_epoch]
    assert all(map(torch.equal, model.parameters(), states[stopping.best_epoch]))


def signal(name: str) -> None:
    callback = LogSignal(every=5)
    fit(name, callback)
    assert callback.report["head"].gradient_norm > 0
    assert callback.report["body.1"].std == pytest.approx(1, abs=0.5)


PIECES: dict[str, Callable[[str], None]] = {
    "OneCycle": one_cycle,
    "Plateau": plateau,
    "Warmup": warmup,
    "GradualUnfreezing": unfreezing,
    "FreezeBatchNorm": freezing,
    "ProximalL1": proximal,
    "MaxNorm": max_norm,
    "History": history,
    "RestoringEarlyStopping": restoring,
    "LogSignal": signal,
}
"""By name, the program that uses it beside the callback of a name."""

PAGE = "importing.md"


def every_pair() -> list[tuple[str, str]]:
    return [(callback, piece) for callback in CALLBACKS for piece in PIECES]


def program_of(callback: str, piece: str) -> Callable[[Any], None]:
    """The pair as `outcome_of` wants it."""
    return lambda fit: PIECES[piece](callback)
