"""Queries, keys and values in one matrix: who gets how much of a step?"""

import torch

from lightning_modules.optimizers.muon import orthogonalized

torch.manual_seed(42)
names = ("queries", "keys", "values")
parts = [torch.randn(64, 64), torch.randn(64, 64), 10 * torch.randn(64, 64)]


def shares(steps):
    whole = sum(step.square().sum() for step in steps)
    return {
        name: (step.square().sum() / whole).item()
        for name, step in zip(names, steps, strict=True)
    }


together = shares(orthogonalized(torch.cat(parts)).split(64))
apart = shares([orthogonalized(part) for part in parts])
for name in names:
    print(f"{name}: {together[name]:.0%} of one, {apart[name]:.0%} of three")

assert together["values"] > 0.8
assert abs(apart["values"] - 1 / 3) < 0.03
