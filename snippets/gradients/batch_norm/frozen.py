"""Every weight is frozen. Can fine-tuning still change what the network knows?

Accuracy on ten digits of a network whose weights are all frozen, while a new
head learns from its features to tell 3 from 8. With `requires_grad=False` alone
it falls from the first epoch on: no weight moves, but the running statistics
follow the two digits. Evaluation mode stops that (dashed) until the first
`model.train()`, here before the second epoch. `FreezeBatchNorm` keeps it level.
"""

from copy import deepcopy

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import lightning_modules as lm

torch.manual_seed(42)
data = lm.Digits()
network = lm.MLP([64, 50, 50, 10], normalization=nn.BatchNorm1d)
trainer = lm.quiet_trainer(max_epochs=5)
trainer.fit(lm.Classifier(network), data)


def three_or_eight(images, labels):
    chosen = (labels == 3) | (labels == 8)
    pair = TensorDataset(images[chosen], (labels[chosen] == 8).long())
    return DataLoader(pair, batch_size=16)


class TenDigits(pl.Callback):
    """Measures the old task, and switches to training as plain loops do."""

    def __init__(self, body, eval_once):
        self.body, self.eval_once, self.accuracies = body, eval_once, []

    def on_train_start(self, *_):
        if self.eval_once:
            self.body.eval()

    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch > 0:
            pl_module.train()

    def on_train_batch_end(self, *_):
        copy = deepcopy(self.body).eval()
        right = (
            copy(data.validation.images).argmax(dim=1) == data.validation.labels
        )
        self.accuracies.append(right.float().mean().item())


after = {}
for name, style in (
    ("requires_grad=False", "-"),
    ("eval() once", "--"),
    ("FreezeBatchNorm", "-"),
):
    torch.manual_seed(42)
    body = deepcopy(network).requires_grad_(False)
    model = lm.Classifier(nn.Sequential(body[:-1], nn.Linear(50, 2)))
    ten_digits = TenDigits(body, eval_once=name == "eval() once")
    callbacks = [ten_digits]
    if name == "FreezeBatchNorm":
        callbacks.append(lm.FreezeBatchNorm())
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=callbacks)
    trainer.fit(
        model, three_or_eight(*data.train), three_or_eight(*data.validation)
    )
    after[name] = ten_digits.accuracies[-1]
    print(f"{name}: {after[name]:.0%} of the ten digits")
    plt.plot(ten_digits.accuracies, linestyle=style, label=name)
plt.xlabel("training step on 3 against 8")
plt.ylabel("accuracy on ten digits")
plt.ylim(0.6, 1.02)
plt.legend(loc="lower left")
plt.show()

assert after["requires_grad=False"] < after["FreezeBatchNorm"] - 0.05
assert after["eval() once"] < after["FreezeBatchNorm"] - 0.05
assert max(ten_digits.accuracies) == min(ten_digits.accuracies)
