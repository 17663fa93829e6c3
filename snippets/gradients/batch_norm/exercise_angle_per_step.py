"""Decay before a normalization: by which angle do weights turn in a step?"""

import math

import torch

rate, decay, size = 0.1, 0.05, 200
expected = math.sqrt(2 * rate * decay)

torch.manual_seed(42)
angle, length = {}, {}
for start in (1, 10):
    w = torch.randn(size, dtype=torch.float64)
    w *= start / w.norm()
    for _ in range(1000):
        gradient = torch.randn(size, dtype=torch.float64)
        gradient -= (gradient @ w) / (w @ w) * w  # at a right angle
        gradient /= gradient.norm() * w.norm()  # the shorter, the longer w is
        new = w - rate * (gradient + decay * w)
        cosine = (w @ new) / (w.norm() * new.norm())
        w = new
    angle[start], length[start] = (
        cosine.clamp(max=1).acos().item(),
        w.norm().item(),
    )
    print(f"from length {start}: {angle[start]:.4f} in a step at last")

assert all(abs(one / expected - 1) < 0.05 for one in angle.values())
assert all(
    abs(one**4 / (rate / (2 * decay)) - 1) < 0.1 for one in length.values()
)
