"""Interrupted in the middle of an epoch and resumed: does the rate go on?"""

from functools import partial

import pytorch_lightning as pl
import torch

import lightning_modules as lm


class PowerCut(pl.Callback):
    """Saves a checkpoint after 90 steps, and that is the end."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 90:
            trainer.save_checkpoint("middle.ckpt")
            raise InterruptedError


def train(decay, *callbacks, checkpoint=None):
    """Four epochs of forty steps; return the rates used and the weights."""
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd, decay, interval="step")
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=[rates, *callbacks])
    trainer.fit(model, lm.Digits(), ckpt_path=checkpoint)
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    return rates.rate(), weights.detach()


same = {}
for decay in (
    lm.PowerDecay,
    lm.SquareRootDecay,
    lm.ExponentialDecay,
    lm.PiecewiseConstant,
    lm.LinearDecay,
):
    rates, weights = train(decay)
    try:
        train(decay, PowerCut())
    except InterruptedError:
        resumed_rates, resumed_weights = train(decay, checkpoint="middle.ckpt")
    same[decay.__name__] = resumed_rates == rates and torch.equal(
        resumed_weights, weights
    )
    at = " ".join(f"{resumed_rates[step]:.4f}" for step in (89, 90, 159))
    print(f"{decay.__name__:17} rates of steps 89, 90, 159: {at}")

print("all rates and weights as without the interruption:", all(same.values()))
assert all(same.values())
