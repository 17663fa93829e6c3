"""How does a schedule learn how long the run is?"""

import pytorch_lightning as pl
import torch
from torch import nn

import lightning_modules as lm


class YourModule(pl.LightningModule):
    """Any LightningModule: one line in configure_optimizers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 10)

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return nn.functional.cross_entropy(self.layer(images.flatten(1)), labels)

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
        return lm.scheduled(self.trainer, sgd, lm.LinearDecay)


last = {}
for name, settings in {
    "2 epochs of 40 batches": {"max_epochs": 2},
    "4 batches a step": {"max_epochs": 2, "accumulate_grad_batches": 4},
    "a tenth of the batches": {"max_epochs": 2, "limit_train_batches": 0.1},
    "50 steps": {"max_epochs": -1, "max_steps": 50},
}.items():
    torch.manual_seed(42)
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(callbacks=[rates], **settings)
    trainer.fit(YourModule(), lm.Digits().train_dataloader())
    used = rates.rate()
    last[name] = used[-1] * len(used)
    print(f"{name}: {len(used)} steps, {used[0]:.3f} to {used[-1]:.5f}")

# The last step is one step away from 0, in each of these runs.
assert all(abs(rate - 0.1) < 1e-9 for rate in last.values())
