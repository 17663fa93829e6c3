"""A hundred weights, sought through noise in one cycle: do they settle?"""

import pytorch_lightning as pl
import torch
from torch.optim.lr_scheduler import OneCycleLR

import lightning_modules as lm


class Noisy(pl.LightningModule):
    """Finds 0 in what is noise around it; begins at 1."""

    def __init__(self):
        super().__init__()
        self.weight, self.losses = torch.nn.Parameter(torch.ones(100)), []

    def training_step(self, batch):
        self.losses.append(self.weight.square().mean().item())
        return (self.weight - torch.randn(100)).square().sum() / 2

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=1.0, momentum=0.9)
        cycle = OneCycleLR(
            sgd, max_lr=1.0, epochs=10, steps_per_epoch=len(loader)
        )
        return [sgd], [{"scheduler": cycle, "interval": "step"}]


torch.manual_seed(42)
model, loader = Noisy(), torch.utils.data.DataLoader(range(20))
lm.quiet_trainer(max_epochs=10, accumulate_grad_batches=4).fit(model, loader)
middle, end = (sum(model.losses[i : i + 20]) / 20 for i in (80, 180))
print(f"mean loss: epoch 5 {middle:.2f}, epoch 10 {end:.2f}")

assert end > middle / 2
