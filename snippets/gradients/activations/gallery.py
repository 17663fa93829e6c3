"""What do the activation functions and their slopes look like?

Twelve functions (blue) and their slopes (orange). The sigmoid's slope stays at
or below a quarter, and tanh's falls to 0 on both sides. All others are steep
for large positive numbers, so the gradient gets through. They differ on the
left: flat (ReLU, ReLU²), a line of small slope (leaky ReLU, PReLU, and RReLU,
which draws it anew from the shaded range while it trains) or a smooth curve.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

from lightning_modules import ReLUSquared
from lightning_modules.gradients.activations import scheme_for
from lightning_modules.gradients.initialization import negative_slope_of, variance

activations = {
    "sigmoid": nn.Sigmoid(),
    "tanh": nn.Tanh(),
    "ReLU": nn.ReLU(),
    "leaky ReLU": nn.LeakyReLU(0.1),
    "RReLU": nn.RReLU().eval(),  # the mean of the slopes it trains with
    "PReLU": nn.PReLU(),  # the slope it starts with
    "ELU": nn.ELU(),
    "SELU": nn.SELU(),
    "GELU": nn.GELU(),
    "Swish": nn.SiLU(),
    "Mish": nn.Mish(),
    "ReLU²": ReLUSquared(),
}
z = torch.linspace(-8, 8, 3201, dtype=torch.float64, requires_grad=True)
chance = torch.exp(-(z.detach() ** 2) / 2)  # z from N(0, 1)
chance /= chance.sum()

steepest, passes = {}, {}
figure, axes = plt.subplots(3, 4, figsize=(6.6, 4.8), sharex=True, sharey=True)
for axis, (name, activation) in zip(axes.flat, activations.items(), strict=True):
    values = activation.double()(z)
    (slopes,) = torch.autograd.grad(values.sum(), z)
    axis.plot(z.detach(), values.detach())
    axis.plot(z.detach(), slopes, linewidth=1.2)
    axis.set_title(name)

    # n times the variance of the weights that belong to this function
    scale = variance(scheme_for(activation), 1, 1, negative_slope_of(activation))
    passes[name] = scale * (chance * slopes**2).sum().item()
    steepest[name] = slopes.max().item()
    print(f"{name:11}a layer multiplies the gradient² by {passes[name]:.2f}")

axes[0, 0].set(xlim=(-4, 4), ylim=(-2.2, 3.2))
axes[1, 0].fill_between([-4, 0], [-4 / 8, 0], [-4 / 3, 0], color="C0", alpha=0.3)
axes[0, 0].text(-3.6, 1.25, "function", color="C0")
axes[0, 0].text(-3.6, -0.75, "slope", color="C1")
for axis in axes[-1]:
    axis.set_xlabel("z")
plt.show()

assert steepest["sigmoid"] == 0.25
assert abs(passes["ReLU"] - 1) < 0.01
assert passes["sigmoid"] < 0.1 < 0.7 < passes["Swish"] < passes["GELU"] < 1
assert 1 < passes["SELU"] < 1.1 and passes["ELU"] > 1.2
