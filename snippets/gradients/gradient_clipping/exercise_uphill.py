"""Rare large gradients, clipped: which way does SGD go?"""

import torch
from torch import nn


def walk(threshold, steps=1000):
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([weight], lr=0.01)
    for step in range(steps):
        gradient = -10.0 if step % 10 == 9 else 1.0
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        nn.utils.clip_grad_norm_([weight], threshold)
        optimizer.step()
    return weight.item()


end = {"unclipped": walk(float("inf")), "clipped": walk(1.0)}
for name, place in end.items():
    print(f"{name}: {place:+.1f}")
assert end["clipped"] < -7 < 0.9 < end["unclipped"]
