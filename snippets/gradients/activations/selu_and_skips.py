"""Does SELU still normalize where a skip connection is added?"""

import torch
from torch.nn.functional import selu

width, depth = 100, 50
deviation = {}
for name in ("plain stack", "skip connections"):
    torch.manual_seed(42)
    signal = torch.randn(500, width)
    for _ in range(depth):
        branch = selu(signal @ torch.randn(width, width) / width**0.5)
        signal = signal + branch if name == "skip connections" else branch
    deviation[name] = signal.std().item()
    print(f"{name}: deviation {deviation[name]:.0e} after {depth} layers")

assert 0.7 < deviation["plain stack"] < 1.4
assert deviation["skip connections"] > 1e4
