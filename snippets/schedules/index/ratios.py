"""Two groups with rates of their own: who keeps their ratio?"""

import contextlib
import io

import pytorch_lightning as pl
import torch
from pytorch_lightning.tuner import Tuner
from torch import nn

import lightning_modules as lm


class TwoRates(pl.LightningModule):
    """The body learns at a tenth of the head's rate."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(64, 30), nn.Linear(30, 10)
        self.lr = 0.1

    def training_step(self, batch, batch_idx):
        images, labels = batch
        hidden = self.body(images.flatten(1)).relu()
        return nn.functional.cross_entropy(self.head(hidden), labels)

    def on_before_optimizer_step(self, optimizer):
        body, head = (group["lr"] for group in optimizer.param_groups)
        seen.append(head / body)

    def configure_optimizers(self):
        body = {"params": self.body.parameters(), "lr": self.lr / 10}
        head = {"params": self.head.parameters(), "lr": self.lr}
        return torch.optim.SGD([body, head], lr=self.lr)


seen = []  # the ratio that each step really used
loader = lm.Digits().train_dataloader()

with contextlib.redirect_stderr(io.StringIO()):  # it draws a progress bar
    Tuner(lm.quiet_trainer(max_epochs=3)).lr_find(TwoRates(), loader)
by_lightning = seen[50]
print(f"Lightning's lr_find: head's rate = {by_lightning:.0f} x body's rate")

seen.clear()
lm.range_test(TwoRates(), loader)
by_range_test = seen[50]
print(f"range_test: head's rate = {by_range_test:.0f} x body's rate")

assert round(by_lightning) == 1
assert round(by_range_test) == 10
