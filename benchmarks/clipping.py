"""What each clipping callback adds to a training step, beside what torch's own function takes in a bare loop."""

from __future__ import annotations

import math
import time
from functools import partial

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks.table import Row
from lightning_modules import (
    MLP,
    AdaptiveGradientClipping,
    ClipGradientNorm,
    ClipGradientPercentile,
    ClipGradientValue,
    InMemoryBatches,
    initialize,
    quiet_trainer,
)

_STEPS = 600
_ROUNDS = 12
_BATCH = 32


class _Training(pl.LightningModule):
    """Nothing but the steps."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(42)
        self.network = MLP([784, 100, 100, 100, 10])
        initialize(self.network)

    def training_step(self, batch: list[torch.Tensor], batch_idx: int) -> torch.Tensor:
        return cross_entropy(self.network(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.001, fused=True)


def cost_of_clipping() -> list[Row]:
    """784-100-100-100-10, batch 32, one thread, in the same Trainer; in turn, the best of twelve runs each."""
    torch.set_num_threads(1)
    callbacks = {
        "ClipGradientNorm": partial(ClipGradientNorm, 0.5),
        "ClipGradientValue": partial(ClipGradientValue, 0.01),
        "ClipGradientPercentile": ClipGradientPercentile,
        "AdaptiveGradientClipping": AdaptiveGradientClipping,
    }
    without = unclipped = clipped = math.inf
    best = dict.fromkeys(callbacks, math.inf)
    for _ in range(_ROUNDS):
        without = min(without, _step([]))
        for name, callback in callbacks.items():
            best[name] = min(best[name], _step([callback()]))
        unclipped = min(unclipped, _bare_step(math.inf))
        clipped = min(clipped, _bare_step(0.5))
    bare = clipped - unclipped
    rows = []
    for name, seconds in best.items():
        what = f"a step with {name}, beside clip_grad_norm_ ({seconds * 1e6:.0f} − {bare * 1e6:.0f} µs)"
        limit = 1.12 if name == "AdaptiveGradientClipping" else 1.05
        against = f"the same Trainer without it ({without * 1e6:.0f} µs)"
        rows.append(Row(what, against, (seconds - bare) / without, "x", limit, at_least=False))
    rows += [
        Row(f"{name}, all that it costs", "the same Trainer without it", seconds / without, "x")
        for name, seconds in best.items()
    ]
    return rows


def _step(callbacks: list[pl.Callback]) -> float:
    images, labels = torch.randn(_STEPS * _BATCH, 784), torch.randint(10, (_STEPS * _BATCH,))
    batches = InMemoryBatches(images, labels, batch_size=_BATCH)
    trainer = quiet_trainer(max_epochs=1, callbacks=callbacks)
    model = _Training()
    started = time.perf_counter()
    trainer.fit(model, batches)
    return (time.perf_counter() - started) / _STEPS


def _bare_step(max_norm: float) -> float:
    """The same without a Trainer; in a loop of its own, with gradients in the cache, clipping would seem cheaper."""
    model = _Training()
    parameters = list(model.parameters())
    optimizer = model.configure_optimizers()
    images, labels = torch.randn(_STEPS, _BATCH, 784), torch.randint(10, (_STEPS, _BATCH))
    started = time.perf_counter()
    for batch in zip(images, labels, strict=True):
        optimizer.zero_grad()
        cross_entropy(model.network(batch[0]), batch[1]).backward()
        if math.isfinite(max_norm):
            nn.utils.clip_grad_norm_(parameters, max_norm)
        optimizer.step()
    return (time.perf_counter() - started) / _STEPS
