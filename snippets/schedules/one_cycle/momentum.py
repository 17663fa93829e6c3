"""SGD without momentum under 1cycle: who gives it one?"""

from functools import partial

import torch
from torch.optim.lr_scheduler import OneCycleLR

import lightning_modules as lm


def momenta(schedule):
    """The momentum of the first, the peak's and the last step of a run."""
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1)
    model = lm.Classifier(lm.MLP([64, 10]), sgd, schedule, interval="step")
    used = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=2, callbacks=[used])
    trainer.fit(model, lm.Digits())  # 80 steps; the peak is at 0.3 * 80 - 1
    return [used.momentum()[step] for step in (0, 23, 79)]


by_torch = momenta(partial(OneCycleLR, max_lr=0.1, total_steps=80))
print("torch's OneCycleLR:", *(f"{momentum:.2f}" for momentum in by_torch))

refused = ""
try:
    momenta(lm.OneCycle)
except ValueError as error:
    refused = str(error)
    print("OneCycle refuses:", refused.split(". ")[0])

left_alone = momenta(partial(lm.OneCycle, momentum=None))
print("OneCycle(momentum=None):", *(f"{momentum:.2f}" for momentum in left_alone))

assert max(by_torch) > 0.94
assert "without momentum" in refused
assert left_alone == [0, 0, 0]
