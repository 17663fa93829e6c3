"""Does it matter where ε stands?"""

import math

import torch

import lightning_modules as lm


def first_step(gradient, eps, eps_inside=False):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.AdaGrad([weight], lr=1.0, eps=eps, eps_inside=eps_inside)
    weight.grad = torch.tensor([gradient], dtype=torch.float64)
    optimizer.step()
    return -weight.item()


for gradient in (1e-2, 1e-5, 1e-8):
    outside, inside = (
        first_step(gradient, 1e-10, place) for place in (False, True)
    )
    print(
        f"gradient {gradient:.0e}: a step of {outside:.2f}, inside {inside:.4f}"
    )
inside_step = first_step(1e-5, 1e-10, eps_inside=True)
assert first_step(1e-5, 1e-10) > 0.99, "outside, it acts below 1e-10"
assert inside_step < 0.75, "inside, below its root, 1e-5"
nothing = first_step(0.0, 0.0)
print(f"no gradient at all and ε = 0: {nothing}")
assert math.isnan(nothing)
