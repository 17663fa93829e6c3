"""Gradients twice as large, all of them or one row: what becomes of a step?"""

import torch

import lightning_modules as lm

torch.manual_seed(42)
gradient = torch.randn(30, 30)
one_row = gradient.clone()
one_row[0] *= 2


def step(make, gradient):
    weight = torch.nn.Parameter(torch.zeros(30, 30))
    weight.grad = gradient.clone()
    make([weight]).step()
    return weight.detach()


every, row = {}, {}
for name, make in (
    ("Muon", lambda weights: lm.Muon(weights, lr=1.0, bfloat16=False)),
    ("Adam", lambda weights: lm.Adam(weights, lr=1.0)),
    ("momentum", lambda weights: lm.Momentum(weights, lr=1.0)),
):
    usual = step(make, gradient)
    every[name] = (step(make, 2 * gradient).norm() / usual.norm()).item()
    moved = step(make, one_row) - usual
    row[name] = (moved.norm() / usual.norm()).item()
    print(f"{name}: {every[name]:.2f} times as long; one row: {row[name]:.2f}")

assert abs(every["Muon"] - 1) < 1e-3 and abs(every["Adam"] - 1) < 1e-3
assert abs(every["momentum"] - 2) < 1e-3
assert row["Adam"] < 1e-3 < 0.02 < row["Muon"]
