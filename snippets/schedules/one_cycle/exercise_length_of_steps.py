"""How much longer are steps at the peak, with and without cycled momentum?"""

import torch

import lightning_modules as lm

growth, longest = {}, {}
for name, momentum in (("cycled", (0.85, 0.95)), ("constant", None)):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=0.9)
    cycle = lm.OneCycle(optimizer, momentum=momentum, total_steps=100)
    lengths = []
    for _ in range(100):
        (group,) = optimizer.param_groups
        lengths.append(group["lr"] / (1 - group["momentum"]))
        optimizer.step()
        cycle.step()
    growth[name], longest[name] = max(lengths) / lengths[0], max(lengths)
    print(f"{name}: from {lengths[0]:.1f} to {longest[name]:.1f}")

higher = longest["constant"] / longest["cycled"]
assert abs(growth["cycled"] - (1 / 0.15) / (0.04 / 0.05)) < 1e-6
assert abs(growth["constant"] - 25) < 1e-6 and abs(higher - 1.5) < 1e-6
