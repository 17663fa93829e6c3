"""Which activation is `nn.Linear`'s default initialization made for?

Strength (root mean square) of the activations through fifty layers of 256
units, initialized as torch does. Every activation in use loses the signal,
until the random biases are all that is left. Only the leaky ReLU of slope √5,
which triples a signal's power, keeps it: the default is made for an activation
that nobody uses.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(42)
default = nn.Linear(256, 256).weight.var().item() * 256
print(f"variance of nn.Linear's weights: {default:.3f} / fan_in (He: 2 / fan_in)")

activations = {
    "leaky ReLU, slope √5": nn.LeakyReLU(5**0.5),
    "SELU": nn.SELU(),
    "tanh": nn.Tanh(),
    "ReLU": nn.ReLU(),
}
kept = {}
for name, activation in activations.items():
    signal = torch.randn(1000, 256)
    strength = [signal.square().mean().sqrt().item()]
    with torch.no_grad():
        for _ in range(50):
            signal = activation(nn.Linear(256, 256)(signal))
            strength.append(signal.square().mean().sqrt().item())
    # The mean factor of the first five layers.
    kept[name] = (strength[5] / strength[0]) ** (1 / 5)
    print(f"{name}: a layer hands on {kept[name]:.0%} of what it gets")
    (line,) = plt.semilogy(strength)
    plt.text(50.5, strength[-1], name, color=line.get_color(), va="center")

plt.xlabel("layer")
plt.ylabel("strength of activations")
plt.show()

ratio = 2 / default
assert abs(default - 1 / 3) < 0.01
assert (
    kept["ReLU"]
    < kept["tanh"]
    < kept["SELU"]
    < 0.8
    < kept["leaky ReLU, slope √5"]
)
