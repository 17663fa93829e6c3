"""When does the constraint hold: which hook comes after the step?"""

from functools import partial

import pytorch_lightning as pl
import torch

import lightning_modules as lm
from lightning_modules.regularization.max_norm import clip_unit_norms_

RADIUS = 0.5


class InHook(pl.Callback):
    """Max-norm in some hook of Lightning's, and how often it ran."""

    calls = 0

    def act(self, trainer, model, *_):
        self.calls += 1
        with torch.no_grad():
            clip_unit_norms_(model.network[1].weight, RADIUS)


class BeforeZeroGrad(InHook):
    on_before_zero_grad = InHook.act


class BatchEnd(InHook):
    on_train_batch_end = InHook.act


class MaxNorm(lm.MaxNorm):
    """The library's, and how often it acted."""

    calls = 0

    def after_step(self, optimizer):
        self.calls += 1
        super().after_step(optimizer)


def train(callback):
    """Four batches a step, six steps; return the longest unit at the end."""
    torch.manual_seed(42)
    network = lm.MLP([64, 20, 10])
    sgd = partial(torch.optim.SGD, lr=0.5)
    trainer = lm.quiet_trainer(
        max_steps=6, accumulate_grad_batches=4, callbacks=[callback]
    )
    trainer.fit(lm.Classifier(network, optimizer=sgd), lm.Digits(batch_size=16))
    return network[1].weight.detach().norm(dim=1).max().item()


calls, longest = {}, {}
for callback in (BeforeZeroGrad(), BatchEnd(), MaxNorm(RADIUS)):
    name = type(callback).__name__
    longest[name] = train(callback)
    calls[name] = callback.calls
    print(f"{name:14}: ran {calls[name]:2} times, longest {longest[name]:.2f}")

assert calls == {"BeforeZeroGrad": 6, "BatchEnd": 24, "MaxNorm": 6}
assert longest["MaxNorm"] <= RADIUS + 1e-6
assert longest["BeforeZeroGrad"] > RADIUS + 0.01
