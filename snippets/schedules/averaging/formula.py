"""Are Lightning's averages those of the formulas?"""

from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging, WeightAveraging

import lightning_modules as lm


def weights(model):
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach()


class Keep(pl.Callback):
    """Keeps the weights after each step."""

    def __init__(self):
        self.after = []

    def on_train_batch_end(self, trainer, model, *_):
        self.after.append(weights(model).double())


apart = {}
for name, averaging in (
    ("exponential", EMAWeightAveraging(decay=0.9)),
    ("mean", WeightAveraging()),
):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1)
    model, keep = lm.Classifier(lm.MLP([64, 10]), sgd), Keep()
    trainer = lm.quiet_trainer(max_steps=30, callbacks=[keep, averaging])
    trainer.fit(model, lm.Digits())

    expected = keep.after[0]
    for t, theta in enumerate(keep.after[1:], start=2):
        share = 0.1 if name == "exponential" else 1 / t
        expected = (1 - share) * expected + share * theta
    apart[name] = (weights(model) - expected).abs().max().item()
    print(f"{name}: largest difference below 1e-6: {apart[name] < 1e-6}")
assert max(apart.values()) < 1e-6
