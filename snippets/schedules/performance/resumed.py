"""Resumed from the checkpoint of an epoch's end: is a measurement missing?"""

from functools import partial

import pytorch_lightning as pl
import torch

import lightning_modules as lm


class Keep(pl.Callback):
    """Saves a checkpoint at the end of the fourth epoch."""

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch == 3:
            trainer.save_checkpoint("fourth.ckpt")


class ByLightning(lm.Classifier):
    """Returns what Lightning's documentation shows."""

    def configure_optimizers(self):
        sgd = self.optimizer(self.parameters())
        schedule = {"scheduler": halve(sgd), "monitor": "val/loss"}
        return {"optimizer": sgd, "lr_scheduler": schedule}


def rates_of_epochs(make, checkpoint=None):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1)
    model = make(lm.MLP([64, 30, 10]), sgd, halve)
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=8, callbacks=[rates, Keep()])
    trainer.fit(model, lm.Digits(train_size=64), ckpt_path=checkpoint)
    return rates.rate()[::2]


# A loss has to be three tenths better than the best one to count as better.
halve = partial(lm.Plateau, factor=0.5, patience=0, threshold=0.3)
whole, resumed = {}, {}
for name, make in {"Lightning": ByLightning, "scheduled": lm.Classifier}.items():
    whole[name] = rates_of_epochs(make)
    resumed[name] = rates_of_epochs(make, checkpoint="fourth.ckpt")
    print(f"{name}, uninterrupted:", *(f"{rate:.4f}" for rate in whole[name]))
    print(f"{name}, resumed:      ", *(f"{rate:.4f}" for rate in resumed[name]))

assert whole["Lightning"] == whole["scheduled"]
assert resumed["scheduled"] == whole["scheduled"]
assert resumed["Lightning"] != whole["Lightning"]
