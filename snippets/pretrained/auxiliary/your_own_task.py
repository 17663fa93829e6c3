"""What other labels are in an image?

A network sees images whose middle is hidden, and has to say what was there.
Above, what it sees; in the middle, its answer; below, the image. None of them
was trained on. To get outlines and folds right it has to know what is shown,
and nobody had to tell it.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

middle = (..., slice(8, 20), slice(8, 20))


def hide_the_middle(images):
    """Inputs and labels: images with a grey square, and what it covers."""
    hidden = images.clone()
    hidden[middle] = 0.0
    return hidden, images[middle].flatten(1)


body = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
)
torch.manual_seed(42)
task = lm.AuxiliaryTask(
    body,
    nn.Linear(16 * 7 * 7, 12 * 12),
    make_labels=hide_the_middle,
    loss=nn.functional.mse_loss,
)
lm.initialize(task)
data = lm.FashionMNIST(train_size=4_000, batch_size=64)
trainer = lm.quiet_trainer(max_epochs=6, limit_val_batches=0)
trainer.fit(task, data)

images = data.validation.images[:500]
hidden, truth = hide_the_middle(images)
with torch.no_grad():
    answer = task(hidden)
error = (answer - truth).square().mean().item()
of_the_mean = (truth.mean(dim=0) - truth).square().mean().item()
print(f"squared error per pixel: {error:.2f}")
print(f"of the mean of all images: {of_the_mean:.2f}")

filled = images.clone()
filled[middle] = answer.view(-1, 1, 12, 12)
figure, axes = plt.subplots(3, 1, figsize=(4.6, 1.6))
rows = {"sees": hidden, "answers": filled, "image": images}
for axis, (name, row) in zip(axes, rows.items(), strict=True):
    strip = row[:8].squeeze(1).permute(1, 0, 2).reshape(28, -1)  # side by side
    axis.imshow(strip, cmap="gray", interpolation="none", vmin=-0.8, vmax=2.0)
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.spines[:].set_visible(False)
plt.show()

assert error < 0.5 * of_the_mean
