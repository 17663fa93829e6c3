"""Fifty blocks with a way around each: what becomes of the mean square?"""

import torch

width, depth = 200, 50
expected = 2.0**depth
power = {}
for name, factor in (("as it is", 1.0), ("scaled", depth**-0.5)):
    torch.manual_seed(42)
    signal = torch.randn(500, width, dtype=torch.float64)
    for _ in range(depth):
        first, second = torch.randn(2, width, width, dtype=torch.float64)
        block = torch.relu(signal @ first * (2 / width) ** 0.5)
        signal = signal + factor * (block @ second * width**-0.5)
    power[name] = signal.square().mean().item()
    print(f"{name}: a mean square of {power[name]:.0e}")

assert 0.1 < power["as it is"] / expected < 10
assert 2.2 < power["scaled"] < 3.4
