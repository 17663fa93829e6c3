"""AdaGrad made once, and made in each epoch: how far does it go?"""

import torch

import lightning_modules as lm

way = {}
for name in ("in each epoch", "once"):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.AdaGrad([weight], lr=1.0)
    for _ in range(10):
        if name == "in each epoch":  # the fault
            optimizer = lm.AdaGrad([weight], lr=1.0)
        for _ in range(100):
            weight.grad = torch.ones(1, dtype=torch.float64)
            optimizer.step()
    way[name] = -weight.item()
    print(f"{name}: {way[name]:.1f} rates")

ratio = way["in each epoch"] / way["once"]
print(f"ratio {ratio:.2f}, √10 is 3.16")
assert abs(ratio / 10**0.5 - 1) < 0.05
