"""Do PiecewiseConstant and MultiStepLR mean the same by their factors?"""

import torch

from lightning_modules import PiecewiseConstant, preview


def sgd():
    return torch.optim.SGD([torch.zeros(1)], lr=1.0)


ours = preview(PiecewiseConstant(sgd(), [2, 4], [0.1, 0.01], total_steps=6), 6)
optimizer = sgd()
schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4], gamma=0.1)
theirs = []
for _ in range(6):
    theirs.append(schedule.get_last_lr()[0])
    optimizer.step()
    schedule.step()
for name, rates in (("of the first rate", ours), ("of the rate before", theirs)):
    print(f"{name:18}", *(f"{rate:g}" for rate in rates))

assert torch.allclose(torch.tensor(ours), torch.tensor(theirs))
