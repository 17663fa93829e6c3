"""Gradients change their scale after 100 steps: how far does AdaGrad get?"""

import torch

import lightning_modules as lm

way = {}
for scale in (1, 1000, 0.001):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.AdaGrad([weight], lr=1.0)
    for step in range(200):
        if step == 100:
            start = weight.item()
        gradient = 1.0 if step < 100 else float(scale)
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    way[scale] = start - weight.item()
    print(f"gradients times {scale}: {way[scale]:.3f} rates")

assert 18 < way[1000] < 19, "2 √100, as at the start"
assert way[0.001] < 0.02
