"""Is `calculate_gain("selu")` the gain that SELU needs?"""

import torch
from torch import nn

width, depth = 100, 100
gain = nn.init.calculate_gain("selu")
std = {}
for name, factor in {
    "LeCun's variance, gain 1": 1.0,
    f"gain {gain}": gain,
}.items():
    torch.manual_seed(42)
    signal = torch.randn(500, width)
    for _ in range(depth):
        weight = torch.randn(width, width) * factor / width**0.5
        signal = nn.functional.selu(signal @ weight)
    std[factor] = signal.std(dim=0).mean().item()  # of a unit, over the inputs
    print(f"{name}: a unit's deviation at layer {depth} is {std[factor]:.3f}")

assert 0.5 < std[1.0] < 1.5
assert std[gain] < 0.2
