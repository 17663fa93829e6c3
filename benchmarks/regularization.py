"""What regularization costs: MC dropout against a loop; max-norm, penalties and dropout in a training step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial

import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from benchmarks.interleaved import TrainerSteps, ratios, timed
from benchmarks.table import Row, at_most
from benchmarks.toy import ROOT
from benchmarks.train_only import TrainOnly
from lightning_modules import (
    MLP,
    Classifier,
    ClipGradientValue,
    InMemoryBatches,
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
_ROUNDS = 25
_STEPS = 1_500
_BATCHES, _BATCH = 100, 32

_THE_PASSES = (
    "the passes themselves are as many as in a loop, and draw the same masks, which stay those of a seed."
)
_NOTES = {
    "max-norm": "the length of each unit is read in each step, within the ball too.",
    "proximal ℓ1": "each weight is moved in each step.",
    "clipping by value": "the norm that is logged is one pass, the largest number a second, to clip a third.",
}


def mc_dropout_against_a_loop() -> list[Row]:
    """Samples from 784-100-100-100-10 with their mean, spread and entropies, one thread; in turn."""
    torch.set_num_threads(1)
    model = _network()
    rows = []
    for batch, samples, target in ((1, 100, 5.0), (32, 100, 1.4), (256, 100, 1.0), (256, 50, 1.25)):
        inputs = torch.randn(batch, 784)
        ways = {
            "ours": timed(partial(mc_dropout, model, inputs, samples=samples), max(1, 32 // batch)),
            "loop": timed(partial(_loop, model, inputs, samples), max(1, 32 // batch)),
        }
        found = ratios(ways, "ours", _ROUNDS)["loop"]
        rows.append(
            Row(
                f"batch {batch}" + ("" if samples == _SAMPLES else f", {samples} passes"),
                f"a loop of {samples} forward passes ({found.seconds * 1e3:.1f} ms)",
                found.median,
                "x",
                target,
                interval=(found.low, found.high),
                note=_THE_PASSES if batch == 256 else "",
            )
        )
    return [*rows, _memory()]


def cost_of_a_training_step() -> list[Row]:
    """Steps of 784-100-100-100-10 at batch 32 in a Trainer, one thread; taken in turn, step by step."""
    torch.set_num_threads(1)
    ways: dict[str, Callable[[pl.Callback], None]] = {
        "max-norm": partial(_train, TrainOnly, [MaxNorm(1.5)]),
        "proximal ℓ1": partial(_train, TrainOnly, [ProximalL1(1e-4)]),
        "subgradient ℓ1": partial(_train, TrainOnly, [SubgradientL1(1e-4)]),
        "ℓ1 in the loss": partial(_train, _L1InTheLoss, []),
        "ℓ2": partial(_train, TrainOnly, [L2Penalty(1e-4)]),
        "clipping by value": partial(_train, TrainOnly, [ClipGradientValue(0.01)]),
        "dropout": partial(_train, TrainOnly, [], dropout=0.2),
    }
    rows = []
    for name, way in ways.items():
        steps = {"with": TrainerSteps(way), "nothing": TrainerSteps(partial(_train, TrainOnly, []))}
        found = ratios(steps, "nothing", _STEPS)["with"]
        for one in steps.values():
            one.end()
        held = name in ("max-norm", "proximal ℓ1", "clipping by value")
        rows.append(
            at_most(name, "the same Trainer without", found, 1.03 if held else None, _NOTES.get(name, ""))
        )
    return rows


def _network() -> nn.Module:
    torch.manual_seed(42)
    network = MLP(_WIDTHS)
    initialize(network)
    add_dropout(network, 0.2)
    return network.eval()


@torch.no_grad()
def _loop(model: nn.Module, inputs: Tensor, samples: int) -> tuple[Tensor, ...]:
    """What a reader would write: as many forward passes as samples, and the same statistics."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    passes = torch.stack([model(inputs).softmax(dim=1) for _ in range(samples)])
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


def _train(
    kind: type[Classifier], callbacks: list[pl.Callback], pause: pl.Callback, dropout: float = 0.0
) -> None:
    torch.manual_seed(42)
    network = MLP(_WIDTHS)
    initialize(network)
    if dropout:
        add_dropout(network, dropout)
    images, labels = torch.randn(_BATCHES * _BATCH, 784), torch.randint(0, 10, (_BATCHES * _BATCH,))
    sgd = partial(torch.optim.SGD, lr=0.01, momentum=0.9, fused=True)
    trainer = quiet_trainer(max_epochs=-1, callbacks=[*callbacks, pause])
    batches = InMemoryBatches(images, labels, _BATCH, shuffle=False)
    trainer.fit(kind(network, optimizer=sgd), batches)
