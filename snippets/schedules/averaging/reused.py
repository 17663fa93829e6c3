"""An averaging callback for two runs: what does the second one end with?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import (
    EMAWeightAveraging,
    StochasticWeightAveraging,
)

import lightning_modules as lm

data = lm.Digits(train_size=320)
untrained = {}
for callback in (
    EMAWeightAveraging(decay=0.9),
    StochasticWeightAveraging(swa_lrs=0.1, swa_epoch_start=2),
):
    name = type(callback).__name__
    for run in (1, 2):
        torch.manual_seed(run)
        sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
        model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
        before = [weight.clone() for weight in model.parameters()]
        trainer = lm.quiet_trainer(max_epochs=3, callbacks=[callback])
        trainer.fit(model, data)
        after = model.parameters()
        untrained[name, run] = all(map(torch.equal, before, after))
        print(f"{name}, run {run}: initial weights: {untrained[name, run]}")

assert all(same == (run == 2) for (_, run), same in untrained.items())
