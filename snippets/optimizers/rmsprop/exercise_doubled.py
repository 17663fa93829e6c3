"""Gradients double: how long is RMSProp's next step?"""

import torch

import lightning_modules as lm

weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer, lengths = lm.RMSProp([weight], lr=1.0, alpha=0.9), []
for step in range(400):
    before = weight.item()
    gradient = 1.0 if step < 300 else 2.0
    weight.grad = torch.tensor([gradient], dtype=torch.float64)
    optimizer.step()
    lengths.append(before - weight.item())

first, hundredth = lengths[300], lengths[399]
print(f"the first {first:.3f}, the hundredth {hundredth:.3f}")
assert abs(first - 2 / 1.3**0.5) < 1e-6
assert abs(hundredth - 1) < 1e-3
