"""A cosine of ten steps in a run of a thousand: what does the rate do?"""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

last, rates = {}, {}
for length in (10, 1000):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule, seen = CosineAnnealingLR(optimizer, T_max=length), []
    for _ in range(1000):
        optimizer.step()
        schedule.step()
        seen.append(schedule.get_last_lr()[0])
    name = f"T_max={length}"
    last[name], rates[length] = abs(seen[-1]), seen
    print(f"{name}: after the last step {last[name]:.2f}")

waves = sum(rate > 0.999 for rate in rates[10])
print(f"T_max=10: {waves} times up to the first rate")
assert waves == 50
assert abs(last["T_max=10"] - 1) < 1e-6 and last["T_max=1000"] < 1e-6
