"""Are these the rates of torch's schedules, and the Transformer's?"""

from functools import partial

import torch
from torch.optim import lr_scheduler as torchs

import lightning_modules as lm


def rates(schedule):
    """The rates of 100 steps, beginning at 0.3."""
    sgd = torch.optim.SGD([torch.zeros(1)], lr=0.3)
    return torch.tensor(lm.preview(schedule(sgd), 100), dtype=torch.float64)


apart = {}
for name, ours, theirs in (
    (
        "ExponentialLR",
        partial(lm.ExponentialDecay, scale=20),
        partial(torchs.ExponentialLR, gamma=0.1 ** (1 / 20)),
    ),
    (
        "MultiStepLR",
        partial(lm.PiecewiseConstant, boundaries=[50, 75]),
        partial(torchs.MultiStepLR, milestones=[50, 75]),
    ),
    (
        "LinearLR",
        partial(lm.LinearDecay, total_steps=100),
        partial(torchs.LinearLR, start_factor=1, end_factor=0, total_iters=100),
    ),
):
    apart[name] = (rates(ours) - rates(theirs)).abs().max().item()
    print(f"{name}: largest difference below 1e-12: {apart[name] < 1e-12}")

# Step n = 1, 2, ... of the Transformer's schedule, with 20 steps of warm-up.
n = torch.arange(1, 101, dtype=torch.float64)
formula = torch.minimum(n**-0.5, n * 20**-1.5)
decay = partial(lm.SquareRootDecay, scale=20)
transformer = rates(partial(lm.Warmup, steps=19, after=decay))
apart["Transformer"] = (
    (transformer / 0.3 - formula / formula.max()).abs().max().item()
)
print(f"Transformer: below 1e-12: {apart['Transformer'] < 1e-12}")

assert max(apart.values()) < 1e-12
