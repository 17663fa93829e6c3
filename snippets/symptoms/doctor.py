"""What does the doctor say of broken runs, and of a healthy one?

Six runs on the digits, each of them five epochs long. The first is healthy; each
of the others has one of the mistakes that this page is about.
"""

import copy
import textwrap
from functools import partial

import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm

SGD = partial(torch.optim.SGD, lr=0.1)


class Run(lm.Classifier):
    """Five epochs of a network on the digits."""

    def print(self, *words):
        """Leave the word to the program below."""


class Softmax(Run):
    """Takes the softmax twice."""

    def training_step(self, batch, batch_idx):
        images, labels = batch
        return cross_entropy(self(images).softmax(dim=1), labels)


class NeverZeroed(Run):
    """Adds each gradient to the ones before."""

    def optimizer_zero_grad(self, epoch, batch_idx, optimizer):
        pass


class AnotherCopy(Run):
    """Has an optimizer that holds the weights of a copy."""

    def configure_optimizers(self):
        return SGD(copy.deepcopy(self.network).parameters())


def network(*hidden, activation=nn.ReLU):
    torch.manual_seed(42)
    made = lm.MLP([64, *hidden, 10], activation)
    lm.initialize(made)
    return made


small = partial(network, 50, 50)
runs = {
    "healthy": Run(small(), SGD),
    "softmax twice": Softmax(small(), SGD),
    "gradients never zeroed": NeverZeroed(small(), SGD),
    "another copy's weights": AnotherCopy(small()),
    "a rate of 30": Run(small(), partial(torch.optim.SGD, lr=30.0)),
    "ten sigmoid layers": Run(network(*[50] * 10, activation=nn.Sigmoid), SGD),
}
found = {}
for name, run in runs.items():
    doctor = lm.Doctor()
    lm.quiet_trainer(max_epochs=5, callbacks=[doctor]).fit(run, lm.Digits())
    found[name] = doctor.diagnosis.names[:1]
    print(f"{name}: {', '.join(found[name]) or 'nothing found'}")

worst = doctor.diagnosis.findings[0]
print()
print(textwrap.fill(worst.remedy, 44))

assert found["healthy"] == []
assert found["softmax twice"] == ["softmax-before-cross-entropy"]
assert found["gradients never zeroed"] == ["missing-zero-grad"]
assert found["another copy's weights"] == ["foreign-parameters"]
assert found["a rate of 30"] == ["rate-too-high"]
assert found["ten sigmoid layers"] == ["vanishing-gradients"]
