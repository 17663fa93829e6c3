"""What is in a checkpoint, the averages or the weights of the moment?"""

from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import (
    EMAWeightAveraging,
    ModelCheckpoint,
    StochasticWeightAveraging,
)

import lightning_modules as lm


class Moment(pl.Callback):
    """Keeps the weights that training itself ends with."""

    def on_train_end(self, trainer, model):
        self.weights = [weight.clone() for weight in model.parameters()]


def equal(some, others):
    return all(map(torch.equal, some, others))


data, is_average = lm.Digits(train_size=640), {}
for averaging in (
    EMAWeightAveraging(decay=0.9),
    StochasticWeightAveraging(swa_lrs=0.1, swa_epoch_start=2),
):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
    moment, saved = Moment(), ModelCheckpoint(type(averaging).__name__)
    trainer = lm.quiet_trainer(
        max_epochs=3,
        callbacks=[moment, averaging, saved],
        enable_checkpointing=True,
    )
    trainer.fit(model, data)
    averages = [weight.clone() for weight in model.parameters()]
    path = saved.best_model_path
    state = torch.load(path, weights_only=True)["state_dict"].values()
    trainer.test(model, data, ckpt_path=path)
    tested = list(model.parameters())
    for what, weights in (("in the checkpoint", state), ("tested", tested)):
        name, one = type(averaging).__name__, equal(weights, averages)
        assert one != equal(weights, moment.weights), "one or the other"
        words = "the averages" if one else "the weights of the moment"
        print(f"{name}, {what}: {words}")
        is_average[name, what] = one

assert list(is_average.values()) == [True, False, False, False]
