"""Short trainings in which layers are thawed, and what moved in them."""

import pytest
import pytorch_lightning as pl
import torch
from torch.optim import SGD

from lightning_modules import MLP, Classifier, Digits, quiet_trainer

LAYERS = ["network.3", "network.1"]
EPOCH = 4  # steps

ends_frozen = pytest.mark.filterwarnings("ignore:GradualUnfreezing will never thaw:UserWarning")
"""For runs that are over before all layers train."""


class Watch(pl.Callback):
    """Which parameters have moved in each epoch, the groups' rates before each step, and the tables."""

    def __init__(self, unfreezing=None):
        self.unfreezing = unfreezing
        self.moved, self.rates, self.tables = [], [], []

    def on_train_epoch_start(self, trainer, pl_module):
        self.before = {name: p.clone() for name, p in pl_module.named_parameters()}
        if self.unfreezing is not None:
            self.tables.append(self.unfreezing.table())

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.rates.append([group["lr"] for group in optimizer.param_groups])

    def on_train_epoch_end(self, trainer, pl_module):
        after = dict(pl_module.named_parameters())
        self.moved.append(sorted(name for name, p in self.before.items() if not torch.equal(p, after[name])))


def sgd(parameters):
    return SGD(parameters, lr=0.1)


def model(optimizer=sgd, normalization=None, **arguments):
    torch.manual_seed(0)
    network = MLP([64, 6, 6, 10], normalization=normalization)
    for _ in range(10):
        network(torch.rand(40, 64))  # batch normalizations have seen data
    return Classifier(network, optimizer=optimizer, **arguments)


def fit(module, *callbacks, resume=None, **arguments):
    torch.manual_seed(1)
    trainer = quiet_trainer(
        **({"max_epochs": 3, "limit_val_batches": 0, "callbacks": list(callbacks)} | arguments)
    )
    trainer.fit(module, Digits(train_size=64, batch_size=16), ckpt_path=resume)
    return trainer


def both(*layers):
    return sorted(f"network.{layer}.{kind}" for layer in layers for kind in ("weight", "bias"))
