"""Are these the rates and momenta of torch's OneCycleLR?"""

from functools import partial

import torch
from torch.optim.lr_scheduler import OneCycleLR

import lightning_modules as lm


def used(optimizer, schedule):
    """The rates and momenta (or first betas) of 100 steps."""
    optimizer = optimizer([torch.zeros(1)], lr=0.3)
    schedule, pairs = schedule(optimizer), []
    for _ in range(100):
        (group,) = optimizer.param_groups
        momentum = group["betas"][0] if "betas" in group else group["momentum"]
        pairs.append((group["lr"], momentum))
        optimizer.step()
        schedule.step()
    return torch.tensor(pairs, dtype=torch.float64)


apart = []
for optimizer in (partial(torch.optim.SGD, momentum=0.9), torch.optim.AdamW):
    for three_phase in (False, True):
        for shape, torchs_name in (("cosine", "cos"), ("linear", "linear")):
            ours = partial(
                lm.OneCycle,
                three_phase=three_phase,
                shape=shape,
                total_steps=100,
            )
            theirs = partial(
                OneCycleLR,
                max_lr=0.3,
                three_phase=three_phase,
                anneal_strategy=torchs_name,
                total_steps=100,
            )
            difference = used(optimizer, ours) - used(optimizer, theirs)
            apart.append(difference.abs().max().item())

print(f"{len(apart)} combinations, all within 1e-12: {max(apart) < 1e-12}")
assert max(apart) < 1e-12
