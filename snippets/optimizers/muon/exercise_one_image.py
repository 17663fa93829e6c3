"""Gradients from one image and from a hundred: how long is Muon's step?"""

import torch

from lightning_modules.optimizers.muon import orthogonalized

torch.manual_seed(42)
length, values = {}, {}
for images in (1, 100):
    came_back, went_in = torch.randn(images, 100), torch.randn(images, 100)
    step = orthogonalized(came_back.T @ went_in)
    values[images] = torch.linalg.svdvals(step)
    length[images] = step.norm().item()
    above = int((values[images] > 0.1).sum())
    print(f"{images} images: {above} directions, a step of {length[images]:.1f}")

largest = values[1][0].item()
ratio = length[100] / length[1]
assert 0.6 < largest < 1.3 and values[1][1] < 1e-3
assert 6 < ratio < 15, "about √100, give or take where the values end"
