"""A schedule beside accumulated gradients: how many steps have a rate of 0?"""

import torch
from torch.optim.lr_scheduler import LinearLR

import lightning_modules as lm

idle = {}
for where, total in (("outside", 250), ("outside", 1000), ("inside", 250)):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    rates = lm.preview(LinearLR(optimizer, 1.0, 0.0, total_iters=total), 1000)
    used = rates[3::4] if where == "outside" else rates[:250]
    name = f"{where}, {total}"
    idle[name] = sum(rate < 1e-9 for rate in used) / len(used)
    print(f"{where} the if, {total}: {idle[name]:.0%} of the steps at rate 0")

assert idle["outside, 250"] > 0.74
assert idle["outside, 1000"] == idle["inside, 250"] == 0
