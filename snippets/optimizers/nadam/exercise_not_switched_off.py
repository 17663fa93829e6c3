"""Constant gradients, momentum_decay=0: how long are Nadam's steps?"""

import torch

import lightning_modules as lm

lengths = {}
for decay in (0, None):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.Nadam([weight], lr=1.0, momentum_decay=decay)
    lengths[str(decay)] = []
    for _ in range(100):
        before = weight.item()
        weight.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        lengths[str(decay)].append(before - weight.item())

first, least = lengths["0"][0], min(lengths["0"])
least_plain = min(lengths["None"])
at = lengths["0"].index(least) + 1
print(f"momentum_decay=0: {least:.2f} rates in step {at}")
print(f"momentum_decay=None: never below {least_plain:.2f}")
assert least < 0.8 < 0.99 < least_plain
assert abs(lengths["0"][-1] - 1) < 1e-3
