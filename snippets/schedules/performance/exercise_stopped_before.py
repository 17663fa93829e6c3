"""Early stopping beside a plateau: does the rate fall before the end?"""

from functools import partial

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch.utils.data import DataLoader

import lightning_modules as lm


class Stuck(pl.LightningModule):
    """The first validation is the best."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.rates = []

    def training_step(self, batch):
        self.rates.append(self.optimizers().param_groups[0]["lr"])
        return self.weight.sum()

    def validation_step(self, batch):
        self.log("val/loss", 1.0)

    def configure_optimizers(self):
        plateau = partial(lm.Plateau, factor=0.5, patience=5)
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        return lm.scheduled(self.trainer, optimizer, plateau)


epochs, falls = {}, {}
for patience in (5, 11):
    model, loader = Stuck(), DataLoader(torch.zeros(1, 1))
    stop = EarlyStopping("val/loss", patience=patience)
    lm.quiet_trainer(max_epochs=30, callbacks=[stop]).fit(model, loader, loader)
    epochs[patience] = len(model.rates)
    falls[patience] = len(set(model.rates)) - 1
    print(
        f"patience {patience}: {epochs[patience]} epochs, falls {falls[patience]}"
    )

assert falls == {5: 0, 11: 1}
assert epochs == {5: 6, 11: 12}
