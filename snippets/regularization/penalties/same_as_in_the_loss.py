"""Is the sign in the gradient the same as the penalty in the loss?"""

from functools import partial

import torch

import lightning_modules as lm

STRENGTH = 1e-3


class PenaltyInTheLoss(lm.Classifier):
    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        weights = lm.split_parameters(self.network).penalized.values()
        return loss + STRENGTH * sum(weight.abs().sum() for weight in weights)


def train(kind, callbacks):
    torch.manual_seed(42)
    network = lm.MLP([64, 30, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=0.05, momentum=0.9)
    trainer = lm.quiet_trainer(max_epochs=2, callbacks=callbacks)
    trainer.fit(kind(network, optimizer=sgd), lm.Digits())
    return torch.nn.utils.parameters_to_vector(network.parameters())


by_sign = train(lm.Classifier, [lm.SubgradientL1(STRENGTH)])
by_autograd = train(PenaltyInTheLoss, [])
without = train(lm.Classifier, [])
apart = (by_sign - by_autograd).abs().max().item()
effect = (by_sign - without).abs().max().item()
print(f"largest difference between the two below 1e-5: {apart < 1e-5}")
print(f"largest difference that the penalty makes: {effect:.2f}")

assert apart < 1e-5 < 0.01 < effect
