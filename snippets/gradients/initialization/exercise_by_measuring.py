"""An initialization that measures: does every layer get variance 1?"""

import torch
from torch import nn


def activation(z):
    return z * torch.sin(z)


torch.manual_seed(42)
layers = [nn.Linear(200, 200, bias=False).double() for _ in range(20)]
for layer in layers:
    nn.init.normal_(layer.weight, std=200**-0.5)


@torch.no_grad()
def deviations(images, measure=False):
    found, signal = [], images
    for layer in layers:
        if measure:
            layer.weight /= layer(signal).std()
        z = layer(signal)
        found.append(z.std().item())
        signal = activation(z)
    return found


without = deviations(torch.randn(500, 200).double())[-1]
measured = deviations(torch.randn(500, 200).double(), measure=True)
least, most = min(measured), max(measured)
other_batch = max(
    abs(one - 1) for one in deviations(torch.randn(500, 200).double())
)
print(f"measured: {least:.3f} to {most:.3f}")

assert max(abs(least - 1), abs(most - 1)) < 1e-3
assert without < 1e-3
assert other_batch < 0.5
