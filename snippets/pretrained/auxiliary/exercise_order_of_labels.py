"""Four turned copies of a batch: how many labels are right?"""

import torch

import lightning_modules as lm

images = torch.randn(32, 1, 8, 8, generator=torch.Generator().manual_seed(42))
_, truth = lm.rotations(images)
labels = {
    "repeat": torch.arange(4).repeat(len(images)),
    "repeat_interleave": torch.arange(4).repeat_interleave(len(images)),
}
right = {
    name: (given == truth).double().mean().item()
    for name, given in labels.items()
}
for name, share in right.items():
    print(f"{name}: {share:.0%} of the labels are right")

of_an_image = labels["repeat"].view(4, len(images))
same = (of_an_image == of_an_image[0]).all(dim=0).double().mean().item()
assert right == {"repeat": 0.25, "repeat_interleave": 1.0} and same == 1
