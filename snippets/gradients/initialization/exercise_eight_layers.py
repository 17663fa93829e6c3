"""After how many ReLU layers does torch's default leave a thousandth?"""

import torch

left = [(1 / 6) ** (layers / 2) for layers in range(1, 13)]
depth = next(layers for layers, one in enumerate(left, 1) if one < 1e-3)

torch.manual_seed(42)
signal = torch.randn(500, 500)
for _ in range(depth):
    weights = torch.empty(500, 500).uniform_(-(500**-0.5), 500**-0.5)
    signal = torch.relu(signal @ weights)
measured = signal.square().mean().sqrt().item()

print(f"below a thousandth after {depth} layers: {left[depth - 1]:.5f}")
print(f"in a random network of 500 units: {measured:.5f}")
assert depth == 8
assert 0.7 < measured / left[depth - 1] < 1.4
