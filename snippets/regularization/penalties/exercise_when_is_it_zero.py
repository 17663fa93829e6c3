"""A weight without gradient: what do ℓ1 and ℓ2 leave of it?"""

import torch

from lightning_modules.regularization.penalties import soft_threshold_

rate, strength = 0.1, 0.01
weight = torch.tensor([0.05], dtype=torch.float64)
steps = 0
while weight.item() > 1e-12:
    soft_threshold_(weight, rate * strength)
    steps += 1

l1, l2 = {}, {}
for start in (0.05, 5.0):
    l1[start] = max(start - steps * rate * strength, 0.0)
    l2[start] = start * (1 - rate * strength) ** steps
    print(f"{start} after {steps} steps: ℓ1 {l1[start]:.2f}, ℓ2 {l2[start]:.3f}")
assert steps == 50
