"""A cycle counted in batches, a run counted in steps: where does it end?"""

import torch
from torch.optim.lr_scheduler import OneCycleLR

epochs, batches, accumulated = 10, 100, 4
ends = {}
for name, per_epoch in (("batches", batches), ("steps", batches // accumulated)):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=0.9)
    cycle = OneCycleLR(optimizer, 1.0, epochs=epochs, steps_per_epoch=per_epoch)
    for _ in range(epochs * batches // accumulated):
        ends[name] = cycle.get_last_lr()[0]
        optimizer.step()
        if cycle.last_epoch < cycle.total_steps - 1:
            cycle.step()
    print(f"counted in {name}: ends at {ends[name]:.1g} of the peak")

assert ends["batches"] > 0.9 and ends["steps"] < 1e-5
