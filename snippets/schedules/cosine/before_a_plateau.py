"""A warm-up per step in front of a plateau per epoch: who can do that?"""

from functools import partial

import torch
from torch.optim.lr_scheduler import LinearLR, ReduceLROnPlateau, SequentialLR

import lightning_modules as lm

sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
refusal = ""
try:
    SequentialLR(
        sgd,
        [LinearLR(sgd, total_iters=100), ReduceLROnPlateau(sgd)],
        milestones=[100],
    )
except ValueError as error:
    refusal = str(error)
print("torch:", refusal.split(" as it")[0])

torch.manual_seed(42)
plateau = partial(lm.Plateau, factor=0.5, patience=0, threshold=0.2)
rates, history = lm.RateHistory(), lm.History()
model = lm.Classifier(
    lm.MLP([64, 30, 10]),
    optimizer=partial(torch.optim.SGD, lr=0.1),
    lr_scheduler=partial(lm.Warmup, steps=59, after=plateau),
    interval="step",
)
trainer = lm.quiet_trainer(max_epochs=8, callbacks=[rates, history])
trainer.fit(model, lm.Digits())

used = rates.rate()
print(
    "Warmup, steps 0, 20, 40, 59:", *(f"{used[s]:.3f}" for s in (0, 20, 40, 59))
)
print(
    "the plateau behind it, each epoch:",
    *(f"{rate:.3f}" for rate in used[79::40]),
)
print("validation loss:", *(f"{loss:.2f}" for loss in history["val/loss"]))

assert refusal
assert used[:60] == sorted(used[:60])
assert abs(used[59] - 0.1) < 1e-9
assert used[-1] < 0.1
