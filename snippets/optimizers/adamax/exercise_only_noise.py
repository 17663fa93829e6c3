"""Nothing but noise: by what does AdaMax divide, and how long are its steps?"""

import torch

import lightning_modules as lm

torch.manual_seed(42)
noise = torch.randn(1500, 500, dtype=torch.float64)
sizes = {}
for name, kind in (("Adam", lm.Adam), ("AdaMax", lm.AdaMax)):
    weights = torch.nn.Parameter(torch.zeros(500, dtype=torch.float64))
    optimizer, squares = kind([weights], lr=1.0), 0.0
    for step, gradient in enumerate(noise):
        before = weights.detach().clone()
        weights.grad = gradient
        optimizer.step()
        if step >= 1400:
            squares += (weights.detach() - before).square().mean().item() / 100
    sizes[name] = squares**0.5

decays = 0.999 ** torch.arange(1499, -1, -1, dtype=torch.float64)
divisor = (noise.abs() * decays[:, None]).max(dim=0).values.mean().item()
ratio = sizes["AdaMax"] / sizes["Adam"]
print(f"AdaMax divides by about {divisor:.1f}")
print(f"its steps are {ratio:.2f} of Adam's")
assert 2.5 < divisor < 3.5
assert abs(ratio * divisor - 1) < 0.1
