"""Gradients 0.3, then −0.3: how far does Adam move in the second step?"""

import torch

import lightning_modules as lm


def second_step(size):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, places = lm.Adam([weight], lr=1.0), [0.0]
    for gradient in (size, -size):
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        places.append(weight.item())
    return places[2] - places[1]


second, scaled = second_step(0.3), second_step(300.0)
print(f"the second step: {second:+.4f} rates")
assert abs(second - 0.01 / 0.19) < 1e-5
assert abs(second - scaled) < 1e-5
