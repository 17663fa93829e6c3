"""Three schedules that do next to nothing: what becomes of them in a Trainer?"""

from functools import partial

import pytorch_lightning as pl
import torch
from torch.optim import lr_scheduler as torchs

import lightning_modules as lm


def try_out(schedule, interval="step"):
    """Train for 60 steps, or say why not."""
    sgd = partial(torch.optim.SGD, lr=4e-4, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 10]), sgd, schedule, interval)
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(
        max_epochs=3, limit_train_batches=20, callbacks=[rates]
    )
    try:
        trainer.fit(model, lm.Digits())
    except pl.utilities.exceptions.MisconfigurationException as error:
        return f"refused: {str(error).split(': it')[0].split('. ')[0]}"
    return " ".join(f"{rates.rate()[step]:.2e}" for step in (0, 17, 59))


def by_hand(make):
    """The first and the last rate of 60 steps, in a loop that asks nobody."""
    sgd = torch.optim.SGD([torch.zeros(1)], lr=4e-4, momentum=0.9)
    rates = lm.preview(make(sgd), 60)
    return f"{rates[0]:.2e} to {rates[-1]:.2e}"


published = {
    "1cycle, sized for 21,120 steps": partial(
        torchs.OneCycleLR, max_lr=1e-2, total_steps=21_120
    ),
    "boundaries beyond the run": partial(
        torchs.MultiStepLR, milestones=[50_000, 80_000]
    ),
    "sized for 60 steps, counted in epochs": partial(
        torchs.CosineAnnealingLR, T_max=60
    ),
}
refusals = {}
for name, schedule in published.items():
    interval = "epoch" if "epochs" in name else "step"
    refusals[name] = try_out(schedule, interval)
    print(name)
    if interval == "step":
        print(f"   in a loop by hand: {by_hand(schedule)}")
    print(f"   {refusals[name]}")

print("1cycle, sized by the Trainer: first rate, peak, last rate")
print(f"   {try_out(lm.OneCycle)}")
assert all(answer.startswith("refused") for answer in refusals.values())
