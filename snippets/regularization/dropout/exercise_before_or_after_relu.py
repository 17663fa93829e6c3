"""Dropout before and after an activation, with the same coins: what differs?"""

import torch

torch.manual_seed(42)
z = torch.randn(20_000, dtype=torch.float64)
coins = (torch.rand(20_000) < 0.5).double() / 0.5
apart, power, nothing = {}, {}, {}
for name, f in (
    ("ReLU", torch.relu),
    ("tanh", torch.tanh),
    ("sigmoid", torch.sigmoid),
):
    before, after = f(z * coins), f(z) * coins
    apart[name] = (before - after).abs().max().item()
    power[name] = (before.square().mean() / after.square().mean()).item()
    nothing[name] = (before == 0).double().mean().item()
    print(f"{name}: at most {apart[name]:.1f} apart, {nothing[name]:.0%} zeros")

assert apart["ReLU"] == 0 and nothing["sigmoid"] == 0
assert power["tanh"] < 0.9 and apart["tanh"] > 0.5
