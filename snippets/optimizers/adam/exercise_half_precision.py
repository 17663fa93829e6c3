"""Adam's first step in 16 and in 32 bits: how long is it?"""

import torch

smallest, step = {}, {}
for kind in (torch.float16, torch.bfloat16, torch.float32):
    gradient = torch.tensor(1e-3, dtype=kind)
    m = (1 - 0.9) * gradient
    s = (1 - 0.999) * gradient * gradient
    eps = torch.tensor(1e-8, dtype=kind)
    corrected = m / (1 - 0.9), (s / (1 - 0.999)).sqrt()
    step[str(kind)] = (corrected[0] / (corrected[1] + eps)).item()
    smallest[str(kind)] = (
        torch.finfo(kind).smallest_normal * torch.finfo(kind).eps
    )
    print(f"{kind}: s = {s.item():.0e}, a step of {step[str(kind)]:.2f} rates")

assert step["torch.float16"] == float("inf")
assert all(
    abs(step[f"torch.{kind}"] - 1) < 0.02 for kind in ("bfloat16", "float32")
)
