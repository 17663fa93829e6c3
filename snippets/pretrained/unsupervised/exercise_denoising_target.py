"""Two targets for a denoising map: how far from the undamaged images?"""

import torch

import lightning_modules as lm

data = lm.Digits()
torch.manual_seed(42)


def prepared(split):
    images = split.images.double().flatten(1)
    images = (images - images.mean()) / images.std()
    return images, images + torch.randn_like(images)


images, damaged = prepared(data.train)
new, new_damaged = prepared(data.validation)
error = {}
for name, target in (("damaged", damaged), ("undamaged", images)):
    best = torch.linalg.lstsq(damaged, target).solution
    error[name] = (new_damaged @ best - new).square().mean().item()
    print(f"target {name}: an error of {error[name]:.2f} on new images")

assert error["undamaged"] < 0.5 < 0.9 < error["damaged"]
