"""Interrupted on the way up or down and resumed: does the cycle go on?"""

from functools import partial

import pytorch_lightning as pl
import torch

import lightning_modules as lm


class PowerCut(pl.Callback):
    """Saves a checkpoint after some steps, and that is the end."""

    def __init__(self, step):
        self.step = step

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == self.step:
            trainer.save_checkpoint("middle.ckpt")
            raise InterruptedError


def train(cycle, *callbacks, checkpoint=None):
    """Four epochs of forty steps; return rates, momenta and weights."""
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd, cycle, interval="step")
    used = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=[used, *callbacks])
    trainer.fit(model, lm.Digits(), ckpt_path=checkpoint)
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    return used.rate(), used.momentum(), weights.detach()


same = []
for name, cycle in {
    "two phases": lm.OneCycle,
    "three phases": partial(lm.OneCycle, three_phase=True),
}.items():
    rates, momenta, weights = train(cycle)
    for step in (30, 90):
        try:
            train(cycle, PowerCut(step))
        except InterruptedError:
            again = train(cycle, checkpoint="middle.ckpt")
        same.append(again[:2] == (rates, momenta))
        same.append(torch.equal(again[2], weights))
        print(
            f"{name}, after step {step}: "
            f"rate {again[0][step - 1]:.4f}, then {again[0][step]:.4f}; "
            f"momentum {again[1][step - 1]:.3f}, then {again[1][step]:.3f}"
        )

print("rates, momenta and weights as without interruption:", all(same))
assert all(same)
