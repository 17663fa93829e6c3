"""How do you clip in a module that steps its optimizer itself?"""

from functools import partial

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import nn

import lightning_modules as lm


class Manual(lm.Classifier):
    """Makes its steps itself."""

    def __init__(self, network, clip=False):
        sgd = partial(torch.optim.SGD, lr=0.03, momentum=0.9)
        super().__init__(network, optimizer=sgd)
        self.automatic_optimization = False
        self.clip = clip

    def training_step(self, batch, batch_idx):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(super().training_step(batch, batch_idx))
        if self.clip:
            self.clip_gradients(
                optimizer,
                gradient_clip_val=3.0,
                gradient_clip_algorithm="norm",
            )
        optimizer.step()


def train(clip=False, **options):
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 10])
    lm.initialize(network)
    model = Manual(network, clip)
    lm.quiet_trainer(max_epochs=1, **options).fit(model, lm.Digits())
    return nn.utils.parameters_to_vector(model.parameters())


refused = False
try:
    train(gradient_clip_val=3.0)
except MisconfigurationException as error:
    refused = True
    print(f"Trainer(gradient_clip_val=3.0): {str(error).split('.')[0]}.")

by_hand = train(clip=True)
clipping = lm.ClipGradientNorm(3.0)
by_callback = train(callbacks=[clipping])
clipped = clipping.clipped / clipping.steps
print("self.clip_gradients: works")
print(f"the callback: works, and counts {clipped:.0%} of the steps clipped")

assert refused
assert torch.allclose(by_hand, by_callback, atol=1e-5), "both do the same"
assert 0 < clipped < 1
