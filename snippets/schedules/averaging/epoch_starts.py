"""Which weights does StochasticWeightAveraging average? And if it is stopped?"""

from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import StochasticWeightAveraging

import lightning_modules as lm


class Keep(pl.Callback):
    """Keeps the weights with which epochs begin, and the run's last ones."""

    def __init__(self):
        self.begins = []

    def on_train_epoch_start(self, trainer, model):
        self.begins.append(weights(model))

    def on_train_epoch_end(self, trainer, model):
        self.last = weights(model)


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach()


def train(**limits):
    """Five epochs, of which the last two are averaged, if nothing stops it."""
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model, keep = lm.Classifier(lm.MLP([64, 30, 10]), sgd), Keep()
    averaging = StochasticWeightAveraging(swa_lrs=0.1, annealing_epochs=1)
    trainer = lm.quiet_trainer(
        max_epochs=5, callbacks=[keep, averaging], **limits
    )
    trainer.fit(model, lm.Digits(train_size=320))  # 10 steps an epoch
    return keep, weights(model)


keep, whole = train()
mean = (keep.begins[3] + keep.begins[4]) / 2
from_starts = torch.allclose(whole, mean, atol=1e-6)
print("the mean of what epochs 4 and 5 began with:", from_starts)
keep, stopped = train(max_steps=40)
print("stopped after epoch 4, the last weights:", torch.equal(stopped, keep.last))
assert from_starts
assert torch.equal(stopped, keep.last)
