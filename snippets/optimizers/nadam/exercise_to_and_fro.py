"""Alternating gradients: how long are the steps of Adam and plain Nadam?"""

import torch

import lightning_modules as lm

size = {}
for name, kind, settings in (
    ("Adam", lm.Adam, {}),
    ("plain Nadam", lm.Nadam, {"momentum_decay": None}),
):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = kind([weight], lr=1.0, **settings)
    for step in range(400):
        before = weight.item()
        gradient = 1.0 if step % 2 == 0 else -1.0
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    size[name] = abs(weight.item() - before)
    print(f"{name}: {size[name]:.4f} of the rate")

mean = 0.1 / 1.9
assert abs(size["Adam"] - mean) < 1e-6
assert abs(size["plain Nadam"] - (0.9 * mean + 0.1)) < 1e-6
