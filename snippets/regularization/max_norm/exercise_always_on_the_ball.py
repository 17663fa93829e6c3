"""Max-norm with and without the min: how long are the units?"""

import torch

torch.manual_seed(42)
radius = 3.0
weight = torch.randn(200, 100, dtype=torch.float64) * (2 / 100) ** 0.5
length = weight.norm(dim=1, keepdim=True)
before = length.mean().item()
after = {
    "without min": weight * (radius / length),
    "with min": weight * (radius / length).clamp(max=1),
}
after = {name: one.norm(dim=1).mean().item() for name, one in after.items()}
for name, mean in after.items():
    print(f"{name}: the units are {mean:.1f} long on average")
assert abs(after["without min"] - radius) < 1e-9
assert after["with min"] == before
