"""Which part of the units starts longer than 1.5?"""

import torch

torch.manual_seed(42)
beyond, spread = {}, {}
for inputs in (100, 1000):
    units = torch.randn(5000, inputs) * (2 / inputs) ** 0.5
    lengths = units.norm(dim=1)
    beyond[inputs] = (lengths > 1.5).double().mean().item()
    spread[inputs] = lengths.std().item()
    print(f"{inputs} inputs: {beyond[inputs]:.1%} beyond 1.5")

assert beyond[100] > 0.15 > 0.02 > beyond[1000]
assert all(abs(spread[n] * n**0.5 - 1) < 0.1 for n in spread)
