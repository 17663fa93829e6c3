"""Interrupted in a warm-up, a cycle or a restart: does the rate go on?"""

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


def train(schedule, *callbacks, checkpoint=None):
    """Four epochs of forty steps; return the rates used and the weights."""
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd, schedule, interval="step")
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=[rates, *callbacks])
    trainer.fit(model, lm.Digits(), ckpt_path=checkpoint)
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    return rates.rate(), weights.detach()


warm = partial(lm.Warmup, steps=0.2, after=lm.CosineDecay)
same = []
for name, schedule, step in (
    ("cosine", lm.CosineDecay, 90),
    ("in the warm-up", warm, 20),
    ("after the warm-up", warm, 90),
    ("before a restart", partial(lm.CosineRestarts, cycles=2), 54),
):
    rates, weights = train(schedule)
    try:
        train(schedule, PowerCut(step))
    except InterruptedError:
        again, same_weights = train(schedule, checkpoint="middle.ckpt")
    same += [again == rates, torch.equal(same_weights, weights)]
    print(
        f"{name}: rate {again[step - 1]:.4f}, "
        f"after the interruption {again[step]:.4f}"
    )

print("all rates and weights as without the interruption:", all(same))
assert all(same)
