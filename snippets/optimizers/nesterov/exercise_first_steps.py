"""Constant gradients: how long are first and last steps?"""

import torch

import lightning_modules as lm

first, last = {}, {}
for name, kind, settings in (
    ("momentum", lm.Momentum, {}),
    ("formula", lm.Nesterov, {"paper_form": True}),
    ("torch", lm.Nesterov, {}),
):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = kind([weight], lr=1.0, momentum=0.9, **settings)

    def closure(weight=weight):
        weight.grad = torch.ones(1, dtype=torch.float64)
        return weight.sum()

    lengths = []
    for _ in range(300):
        before = weight.item()
        optimizer.step(closure)
        lengths.append(before - weight.item())
    first[name], last[name] = lengths[0], lengths[-1]
    print(f"{name}: first {first[name]:.1f}, last {last[name]:.1f}")

assert abs(first["torch"] - 1.9) < 1e-9
assert all(abs(one - 10) < 1e-9 for one in last.values())
