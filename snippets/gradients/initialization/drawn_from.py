"""Which numbers does a layer start with?

The densities that the weights of a layer with 300 inputs and 100 outputs are
drawn from: uniform (filled) or normal (line), with the same variance. torch's
default is uniform, and the narrowest. LeCun's variance asks for the inputs alone.
Glorot's is larger here, as there are fewer outputs than inputs; He's is twice
LeCun's, because ReLU takes half of the signal away.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.distributions import Normal

from lightning_modules.gradients.initialization import initialize_, variance

layer = nn.Linear(300, 100)
assert layer.weight.abs().max() <= 300**-0.5, "uniform on ±1/√300"
deviations = {"torch's default": (3 * 300) ** -0.5}
for scheme, name in {"lecun": "LeCun", "glorot": "Glorot", "he": "He"}.items():
    deviations[name] = variance(scheme, fan_in=300, fan_out=100) ** 0.5
    for kind in ("normal", "uniform"):
        drawn = initialize_(layer.weight, scheme, kind).std().item()
        assert abs(drawn / deviations[name] - 1) < 0.03

figure, axes = plt.subplots(4, 1, figsize=(4.4, 3.4), sharex=True, sharey=True)
weights = torch.linspace(-0.24, 0.24, 961)
for axis, (name, deviation) in zip(axes, deviations.items(), strict=True):
    print(f"{name}: deviation {deviation:.3f}")
    edge = 3**0.5 * deviation
    axis.fill_between([-edge, edge], 1 / (2 * edge), alpha=0.35)
    if name != "torch's default":
        axis.plot(weights, Normal(0, deviation).log_prob(weights).exp())
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.set(yticks=[], ylim=(0, 9.6))
axes[-1].set_xlabel("weight")
plt.show()
