"""Dropout divided by the wrong part: what is the mean in training?"""

import torch

torch.manual_seed(42)
x = torch.ones(200_000, dtype=torch.float64)
mean = {}
for p in (0.5, 0.2):
    kept = torch.rand_like(x) > p
    mean[p] = (x * kept / p).mean().item()  # the fault
    repaired = (x * kept / (1 - p)).mean().item()
    print(f"p = {p}: mean {mean[p]:.1f}, repaired {repaired:.1f}")
    assert abs(mean[p] - (1 - p) / p) < 0.05
    assert abs(repaired - 1) < 0.02
three = 4**3
