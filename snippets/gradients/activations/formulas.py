"""Are the formulas and slopes of the table those that torch computes?"""

import torch
from torch import nn

from lightning_modules import ReLUSquared

x = torch.linspace(-4, 4, 800, dtype=torch.float64)  # 0 is left out
z = x.clone().requires_grad_()
zero, one = torch.zeros_like(x), torch.ones_like(x)
sigmoid, power = torch.sigmoid(x), torch.exp(x)
below = torch.special.ndtr(x)  # Φ
density = torch.exp(-(x**2) / 2) / (2 * torch.pi) ** 0.5  # φ
soft = torch.log(1 + power)
alpha, scale = 1.6732632423543772, 1.0507009873554805
a = 0.1


def pieces(left, right):
    return torch.where(x < 0, left, right)


table = [
    (nn.ReLU(), pieces(zero, x), pieces(zero, one)),
    (nn.LeakyReLU(a), pieces(a * x, x), pieces(a * one, one)),
    (nn.RReLU(a, a), pieces(a * x, x), pieces(a * one, one)),
    (nn.PReLU(init=a), pieces(a * x, x), pieces(a * one, one)),
    (nn.ELU(), pieces(power - 1, x), pieces(power, one)),
    (
        nn.SELU(),
        scale * pieces(alpha * (power - 1), x),
        scale * pieces(alpha * power, one),
    ),
    (nn.GELU(), x * below, below + x * density),
    (nn.SiLU(), x * sigmoid, sigmoid * (1 + x * (1 - sigmoid))),
    (
        nn.Mish(),
        x * torch.tanh(soft),
        torch.tanh(soft) + x * sigmoid * (1 - torch.tanh(soft) ** 2),
    ),
    (ReLUSquared(), pieces(zero, x) ** 2, 2 * pieces(zero, x)),
]
for activation, values, slopes in table:
    computed = activation.double()(z)
    (gradient,) = torch.autograd.grad(computed.sum(), z)
    name = type(activation).__name__
    assert torch.allclose(computed, values, atol=1e-7), name
    assert torch.allclose(gradient, slopes, atol=1e-7), name
print(f"{len(table)} functions and their slopes: as in the table")
