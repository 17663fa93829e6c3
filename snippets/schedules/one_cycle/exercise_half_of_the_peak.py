"""Which constant rate has the sum of a cycle's?"""

import torch

import lightning_modules as lm

mean = {}
for name, three_phase in (("two phases", False), ("three phases", True)):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0, momentum=0.9)
    cycle = lm.OneCycle(optimizer, three_phase=three_phase, total_steps=1000)
    mean[name] = sum(lm.preview(cycle, 1000)) / 1000
    print(f"{name}: {mean[name]:.2f} of the peak")

assert abs(mean["two phases"] - (0.3 * 0.52 + 0.7 * 0.5)) < 2e-3
assert abs(mean["three phases"] - (0.6 * 0.52 + 0.4 * 0.02)) < 2e-3
