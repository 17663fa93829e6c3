"""A single gradient under momentum: how far, and when?"""

import torch

import lightning_modules as lm

weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
optimizer, places = lm.Momentum([weight], lr=1.0, momentum=0.9), []
for step in range(300):
    weight.grad = torch.tensor([1.0 if step == 0 else 0.0], dtype=torch.float64)
    optimizer.step()
    places.append(-weight.item())

whole = places[-1]
share = {steps: places[steps - 1] / whole for steps in (1, 10, 20)}
print(f"altogether {whole:.1f} times the rate")
for steps, part in share.items():
    print(f"after {steps}: {part:.0%}")
assert abs(whole - 10) < 1e-9
assert all(abs(share[n] - (1 - 0.9**n)) < 1e-9 for n in share)
