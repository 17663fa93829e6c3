"""What do hooks see of the gradient, before and after it is clipped?"""

from functools import partial

import pytorch_lightning as pl
import torch

import lightning_modules as lm
from lightning_modules.gradients.gradient_clipping_callback import global_norm


class Look(pl.Callback):
    """Notes the gradient's norm at the first step, in three hooks."""

    def __init__(self):
        self.seen = {}

    def look(self, where, model):
        gradients = [parameter.grad for parameter in model.parameters()]
        self.seen.setdefault(where, global_norm(gradients).item())

    def on_after_backward(self, trainer, model):
        self.look("on_after_backward", model)

    def on_before_optimizer_step(self, trainer, model, optimizer):
        self.look("on_before_optimizer_step", model)

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        self.look("on_train_batch_end", model)


def train(callbacks, **options):
    """Train for one epoch of Digits, and return the weights."""
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=0.03, momentum=0.9)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=callbacks, **options)
    trainer.fit(lm.Classifier(network, optimizer=sgd), lm.Digits())
    return torch.nn.utils.parameters_to_vector(network.parameters())


option = Look()
by_option = train([option], gradient_clip_val=2.0)

before, clipping, after = Look(), lm.ClipGradientNorm(2.0), Look()
by_callback = train([before, clipping, after])

print("norm at the first step     option   callback: before it, after it")
for where in option.seen:
    norms = [look.seen[where] for look in (option, before, after)]
    print(f"{where:24}", *(f"{norm:9.1f}" for norm in norms))
clipped = clipping.clipped / clipping.steps
print(f"the callback counted: {clipped:.0%} of the steps clipped")

seen = "on_before_optimizer_step"
assert option.seen[seen] == before.seen[seen] > 2.5, "unclipped"
assert abs(after.seen[seen] - 2) < 1e-3, "clipped"
assert torch.allclose(by_option, by_callback, atol=1e-5), "the same training"
