"""How far does AdaGrad get in ten epochs of 100 steps?"""

import torch

import lightning_modules as lm

weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
for _ in range(10):
    optimizer = lm.AdaGrad([weight], lr=0.01)
    for _ in range(100):
        weight.grad = torch.ones_like(weight)  # as if from a batch
        optimizer.step()

way = abs(weight.item()) / 0.01
expected = sum(step**-0.5 for step in range(1, 1001))
print(f"{way:.0f} rates far; 1,000 steps of 1/√t would be {expected:.0f}")
assert way > 2 * expected
