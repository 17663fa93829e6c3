"""Hold the units inside a ball of radius 3: how many lie on it?"""

import torch

torch.manual_seed(42)
radius = 3.0
weight = torch.randn(200, 100) * (2 / 100) ** 0.5
beyond = (weight.norm(dim=1) > radius).double().mean().item()

with torch.no_grad():
    length = weight.norm(dim=1, keepdim=True)
    weight *= radius / length

on_ball = (weight.norm(dim=1) > 0.99 * radius).double().mean().item()
print(f"beyond the radius before: {beyond:.0%}")
print(f"on the ball after one call: {on_ball:.0%}")
assert beyond == 0 and on_ball == 1
