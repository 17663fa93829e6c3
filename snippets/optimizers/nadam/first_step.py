"""How long are Nadam's first steps?"""

import torch

import lightning_modules as lm


def step_lengths(steps=1000, **settings):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = lm.Nadam([weight], lr=1.0, **settings), []
    for _ in range(steps):
        before = weight.item()
        weight.grad = torch.tensor([0.3], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


first = {}
for name, settings in (
    ("plain", {"momentum_decay": None}),
    ("torch's", {}),
    ("Keras'", {"momentum_decay": 1.0}),
    ("the paper's", {"paper_form": True}),
):
    lengths = step_lengths(**settings)
    first[name] = lengths[0]
    shown = f"{lengths[0]:.2f}, {lengths[1]:.2f}, …, {lengths[-1]:.2f}"
    print(f"{name}: {shown} times the rate")
assert abs(first["plain"] - (1 + 0.9 / 1.9)) < 1e-6, "1 + β₁/(1 + β₁)"
