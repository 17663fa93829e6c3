"""Is a sigmoid network a tanh network with other weights?"""

from itertools import pairwise

import torch
from torch import nn

torch.manual_seed(42)
images = torch.randn(50, 100, dtype=torch.float64)
sizes = [100] * 6
one = nn.Sequential()
for before, after in pairwise(sizes):
    layer = nn.Linear(before, after, dtype=torch.float64)
    nn.init.normal_(layer.weight, std=before**-0.5)
    one.extend([layer, nn.Sigmoid()])
one.append(nn.Linear(100, 10, dtype=torch.float64))

other, first = nn.Sequential(), True
with torch.no_grad():
    for module in one:
        if isinstance(module, nn.Sigmoid):
            other.append(nn.Tanh())
            continue
        layer = nn.Linear(
            module.in_features, module.out_features, dtype=torch.float64
        )
        into, out_of = (
            (1.0 if first else 0.5),
            (0.5 if module is not one[-1] else 1),
        )
        shift = 0 if first else module.weight.sum(dim=1) / 2
        layer.weight.copy_(module.weight * into * out_of)
        layer.bias.copy_((module.bias + shift) * out_of)
        other.append(layer)
        first = False
    apart = (one(images) - other(images)).abs().max().item()

    signal = {}
    for name, activation in (("sigmoid", torch.sigmoid), ("tanh", torch.tanh)):
        z = images
        for layer in list(one)[:-1:2]:
            z = activation(layer(z))
        signal[name] = z.std(dim=0).mean().item()
    signal["sigmoid"] /= signal["tanh"]
print(f"what differs between images: {signal['sigmoid']:.0e} of tanh's")
assert apart < 1e-12
print("the outputs are the same, to twelve digits")
assert signal["sigmoid"] < 0.02
