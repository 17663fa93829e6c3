"""What a doctor costs: stretches of fifty steps, for it looks at some steps more closely than at others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytorch_lightning as pl
import torch
from torch import nn

from benchmarks.interleaved import Step, TrainerSteps, ratios
from benchmarks.table import Row, at_most
from benchmarks.train_only import TrainOnly
from lightning_modules import MLP, Doctor, InMemoryBatches, initialize, quiet_trainer

_BATCH = 128
_BATCHES = 100
_STRETCH = 50
_ROUNDS = 24
_NOTE = "every tenth step's length is measured, of every fiftieth what the layers give out."


def cost_of_a_doctor() -> list[Row]:
    """A hundred first steps aside, at batch 128, one thread: 784-300-100-10, and a small convolutional network."""
    torch.set_num_threads(1)
    rows = []
    for name, network in (("784-300-100-10", _dense), ("two convolutions", _convolutional)):
        ways = {
            "with": _stretch(TrainerSteps(partial(_train, network, [Doctor()]))),
            "nothing": _stretch(TrainerSteps(partial(_train, network, []))),
        }
        found = ratios(ways, "nothing", _ROUNDS)["with"]
        rows.append(
            at_most(f"a step of {name} with Doctor", "the same Trainer without it", found, 1.03, _NOTE)
        )
    return rows


def _stretch(step: TrainerSteps) -> Step:
    return lambda: sum(step() for _ in range(_STRETCH)) / _STRETCH


def _train(network: Callable[[], nn.Module], callbacks: list[pl.Callback], pause: pl.Callback) -> None:
    torch.manual_seed(42)
    images, labels = torch.rand(_BATCHES * _BATCH, 1, 28, 28), torch.randint(10, (_BATCHES * _BATCH,))
    batches = InMemoryBatches(images, labels, batch_size=_BATCH)
    model = TrainOnly(network(), partial(torch.optim.SGD, lr=0.01, momentum=0.9, fused=True))
    quiet_trainer(max_epochs=100, callbacks=[pause, *callbacks]).fit(model, batches)


def _dense() -> nn.Module:
    made = MLP([784, 300, 100, 10])
    initialize(made)
    return made


def _convolutional() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 36, 10),
    )
