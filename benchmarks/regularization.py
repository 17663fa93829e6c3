"""What regularization costs: MC dropout against a loop; max-norm, penalties and dropout in a training step."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from benchmarks.table import Row
from benchmarks.toy import ROOT
from benchmarks.train_only import TrainOnly
from lightning_modules import (
    MLP,
    Classifier,
    L2Penalty,
    MaxNorm,
    ProximalL1,
    SubgradientL1,
    add_dropout,
    initialize,
    mc_dropout,
    quiet_trainer,
)

_WIDTHS = [784, 100, 100, 100, 10]
_SAMPLES = 100
_ROUNDS = 7
_TRAININGS = 25
_STEPS = 100


def mc_dropout_against_a_loop() -> list[Row]:
    """100 samples from 784-100-100-100-10 with its mean, spread and entropies, one thread; the best of seven each."""
    torch.set_num_threads(1)
    model = _network()
    rows = []
    for batch, target in ((1, 5.0), (32, 1.4), (256, 1.0)):
        inputs = torch.randn(batch, 784)
        ours = partial(mc_dropout, model, inputs, samples=_SAMPLES)
        loop = partial(_loop, model, inputs)
        took = _best({"ours": ours, "loop": loop}, calls=max(1, 32 // batch))
        what = f"batch {batch} ({took['ours'] * 1e3:.1f} ms)"
        against = f"a loop of {_SAMPLES} forward passes ({took['loop'] * 1e3:.1f} ms)"
        rows.append(Row(what, against, took["loop"] / took["ours"], "x", target))
    return [*rows, _memory()]


def cost_of_a_training_step() -> list[Row]:
    """Steps of 784-100-100-100-10 at batch 32 in a Trainer, one thread; taken in turn, the best of 25 times 100."""
    torch.set_num_threads(1)
    ways: dict[str, Callable[[], float]] = {
        "nothing": lambda: _training(TrainOnly),
        "max-norm": lambda: _training(TrainOnly, MaxNorm(1.5)),
        "proximal ℓ1": lambda: _training(TrainOnly, ProximalL1(1e-4)),
        "subgradient ℓ1": lambda: _training(TrainOnly, SubgradientL1(1e-4)),
        "ℓ1 in the loss": lambda: _training(_L1InTheLoss),
        "ℓ2": lambda: _training(TrainOnly, L2Penalty(1e-4)),
        "dropout": lambda: _training(TrainOnly, dropout=0.2),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(_TRAININGS):
        for name, way in ways.items():
            best[name] = min(best[name], way())
    without = best.pop("nothing")
    return [
        Row(
            f"{name} ({seconds / _STEPS * 1e6:.0f} µs a step)",
            f"the same Trainer without ({without / _STEPS * 1e6:.0f} µs)",
            seconds / without,
            "x",
            1.05 if name in ("max-norm", "proximal ℓ1") else None,
            at_least=False,
        )
        for name, seconds in best.items()
    ]


def _best(ways: dict[str, Callable[[], object]], calls: int) -> dict[str, float]:
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(_ROUNDS):
        for name, way in ways.items():
            started = time.perf_counter()
            for _ in range(calls):
                way()
            best[name] = min(best[name], (time.perf_counter() - started) / calls)
    return best


def _network() -> nn.Module:
    torch.manual_seed(42)
    network = MLP(_WIDTHS)
    initialize(network)
    add_dropout(network, 0.2)
    return network.eval()


@torch.no_grad()
def _loop(model: nn.Module, inputs: Tensor) -> tuple[Tensor, ...]:
    """What a reader would write: as many forward passes as samples, and the same statistics."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    passes = torch.stack([model(inputs).softmax(dim=1) for _ in range(_SAMPLES)])
    model.eval()
    mean = passes.mean(dim=0)
    entropy = torch.special.entr(mean).sum(dim=1)
    return mean, passes.std(dim=0), entropy, entropy - torch.special.entr(passes).sum(dim=2).mean(dim=0)


_PEAK = """
import torch
from pathlib import Path
from benchmarks.regularization import _network
from lightning_modules import mc_dropout

torch.set_num_threads(1)
bound = 2**24
model, inputs = _network(), torch.randn(10_000, 784)
mc_dropout(model, inputs[:4], memory=2**16)


def kilobytes(name):
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name)]
    return int(line.split()[1])


Path("/proc/self/clear_refs").write_text("5")  # the highest so far is forgotten, that of the imports
before = kilobytes("VmRSS:")
mc_dropout(model, inputs, samples=2, memory=bound)
print((kilobytes("VmHWM:") - before) * 1024 / bound)
"""


def _memory() -> Row:
    """In a process of its own: what the process grew by, the result included, as a part of the bound."""
    done = subprocess.run([sys.executable, "-c", _PEAK], cwd=ROOT, capture_output=True, text=True, check=True)
    share = float(done.stdout)
    return Row("peak memory (of the process)", "a bound of 16 MiB", share, " of it", 1.0, at_least=False)


class _L1InTheLoss(TrainOnly):
    """What a reader would write: autograd goes through the penalty as well."""

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        weights = [layer.weight for layer in self.network.children() if isinstance(layer, nn.Linear)]
        return loss + 1e-4 * torch.stack([weight.abs().sum() for weight in weights]).sum()


class _Steps(pl.Callback):
    """The time from the first step to the last, without what a Trainer does before and after."""

    def on_train_batch_start(
        self, trainer: pl.Trainer, model: pl.LightningModule, batch: object, i: int
    ) -> None:
        if i == 0:
            self.started = time.perf_counter()

    def on_train_batch_end(
        self, trainer: pl.Trainer, model: pl.LightningModule, outputs: object, batch: object, i: int
    ) -> None:
        self.seconds = time.perf_counter() - self.started


def _training(kind: type[Classifier], *callbacks: pl.Callback, dropout: float = 0.0) -> float:
    torch.manual_seed(42)
    network = MLP(_WIDTHS)
    initialize(network)
    if dropout:
        add_dropout(network, dropout)
    batches = [(torch.randn(32, 784), torch.randint(0, 10, (32,))) for _ in range(_STEPS)]
    sgd = partial(torch.optim.SGD, lr=0.01, momentum=0.9, fused=True)
    steps = _Steps()
    trainer = quiet_trainer(max_epochs=1, callbacks=[*callbacks, steps])
    trainer.fit(kind(network, optimizer=sgd), DataLoader(batches, batch_size=None))  # type: ignore[arg-type]  # batches, as they are
    return steps.seconds
