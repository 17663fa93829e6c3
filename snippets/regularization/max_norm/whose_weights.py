"""Along which dimension are a unit's weights?"""

import torch
from torch import nn

from lightning_modules.regularization.max_norm import clip_unit_norms_

torch.manual_seed(42)
layers = {
    "Linear(6, 4)": nn.Linear(6, 4),
    "Conv2d(6, 4, 3)": nn.Conv2d(6, 4, 3),
    "Conv2d(6, 4, 3, groups=2)": nn.Conv2d(6, 4, 3, groups=2),
    "ConvTranspose2d(6, 4, 3)": nn.ConvTranspose2d(6, 4, 3),
    "ConvTranspose2d(6, 4, 3, groups=2)": nn.ConvTranspose2d(6, 4, 3, groups=2),
}
wrong = {}
for name, layer in layers.items():
    is_transposed = isinstance(layer, nn.ConvTranspose2d)
    groups = layer.groups if is_transposed else None
    weight = layer.weight.detach().clone()
    lengths = clip_unit_norms_(weight, radius=0.1, transposed_groups=groups)
    naive = layer.weight.detach().renorm(p=2, dim=0, maxnorm=0.1)
    wrong[name] = not torch.allclose(naive, weight, rtol=1e-4)
    print(f"{name}")
    print(f"  weight {tuple(weight.shape)}, {len(lengths)} units")
    print(f"  torch.renorm(dim=0) does the same: {not wrong[name]}")

assert [name for name in wrong if wrong[name]] == list(layers)[3:]
