"""After the end: which cosine stays down?

The rate of each of 200 steps, for a cosine that was made for 100. torch's
(orange) goes up again, and is back at its first rate when the run ends; the
guide's (blue) would stay down. A Trainer's run of 200 steps takes neither: one
it warns of, the other it refuses.
"""

import warnings
from functools import partial

import matplotlib.pyplot as plt
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch.optim.lr_scheduler import CosineAnnealingLR

import lightning_modules as lm

by_torch = partial(CosineAnnealingLR, T_max=100)
ours = partial(lm.CosineDecay, total_steps=100)


def rates(schedule):
    sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    return lm.preview(schedule(sgd), 200)


def complaint(schedule):
    """What a Trainer says about it, in a run of 200 steps."""
    sgd = partial(torch.optim.SGD, lr=0.1)
    model = lm.Classifier(lm.MLP([64, 10]), sgd, schedule, interval="step")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            lm.quiet_trainer(max_epochs=5).fit(model, lm.Digits())
        except MisconfigurationException as error:
            return f"refused: {error}"
    said = [str(warning.message) for warning in caught]
    return "warned: " + next(text for text in said if "rises again" in text)


theirs, stays = rates(by_torch), rates(ours)
at = " ".join(f"{theirs[step]:.3f}" for step in (0, 100, 199))
print("rates of steps 0, 100, 199:", at)
said = {"torch's": complaint(by_torch), "ours": complaint(ours)}
for name, text in said.items():
    print(f"{name}, {text.split(', and in')[0].split(': it')[0]}")

plt.plot(stays)
plt.plot(theirs, linestyle="--")
plt.text(140, 0.006, "CosineDecay", color="C0")
plt.text(118, 0.06, "CosineAnnealingLR", color="C1", ha="center")
plt.xlabel("training step")
plt.ylabel("learning rate")
plt.show()

assert theirs[199] > 0.099 and max(stays[100:]) < 1e-9
assert said["torch's"].startswith("warned") and said["ours"].startswith("refused")
