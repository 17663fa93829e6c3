"""What does an autoencoder learn that has to repair its input?

Images that were not trained on, the same with half of their pixels blacked out,
and what two autoencoders make of these. The plain one has only ever seen whole
images, and what it gives back is dark and torn. The denoising one was trained to
give back the undamaged image, and fills the holes: it has learned how pixels go
together.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

data = lm.FashionMNIST(train_size=5_000, batch_size=64)
images = data.validation.images[:1_000]
background = images.min().item()  # images are standardized: black is not 0
noise = lm.MaskingNoise(0.5, value=background)
torch.manual_seed(42)
damaged = noise(images)
rows = {"images": images, "damaged": damaged}

error = {}
for name, damage in (("plain", None), ("denoising", noise)):
    torch.manual_seed(42)
    stack = lm.StackedAutoencoder.dense((1, 28, 28), [200], noise=damage)
    lm.initialize(stack)
    trainer = lm.quiet_trainer(max_epochs=6, limit_val_batches=0)
    trainer.fit(stack, data)
    with torch.no_grad():
        rows[name] = stack.reconstruct(damaged)
        error[name] = (rows[name] - images).square().mean().item()
    print(f"{name}: squared error {error[name]:.2f} per pixel")

figure, axes = plt.subplots(len(rows), 1, figsize=(4.6, 2.1))
for axis, (name, row) in zip(axes, rows.items(), strict=True):
    strip = row[:8].squeeze(1).permute(1, 0, 2).reshape(28, -1)  # side by side
    axis.imshow(strip, cmap="gray", interpolation="none", vmin=-0.8, vmax=2.0)
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.spines[:].set_visible(False)
plt.show()

assert error["denoising"] < 0.6 * error["plain"]
