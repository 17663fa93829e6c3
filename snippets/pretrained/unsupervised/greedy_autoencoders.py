"""What do three layers keep of an image, trained one after the other?

Images that were not trained on, and what comes back: out of the first layer's
300 numbers, out of the second's 100, the third's 30, and out of the same 30
after all layers have been trained together. Each layer that learns alone adds
its own loss, and training the whole wins a part of it back.
"""

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch

import lightning_modules as lm

WIDTHS = [300, 100, 30]
data = lm.FashionMNIST(train_size=5_000, batch_size=64)
images = data.validation.images[:1_000]


class Look(pl.Callback):
    """After each epoch, encode and decode as far as layers have been trained."""

    @torch.no_grad()
    def on_train_epoch_end(self, trainer, stack):
        alone = stack.layer  # 0, 1, 2, and None for the whole
        back = stack.reconstruct(images, None if alone is None else alone + 1)
        name = "the whole" if alone is None else f"layer {alone + 1}"
        rows[name] = back[:8]
        error[name] = (back - images).square().mean().item()


rows, error = {"images": images[:8]}, {}
torch.manual_seed(42)
stack = lm.StackedAutoencoder.dense((1, 28, 28), WIDTHS, epochs_per_layer=3)
lm.initialize(stack)
trainer = lm.quiet_trainer(max_epochs=12, callbacks=[Look()], limit_val_batches=0)
trainer.fit(stack, data)

figure, axes = plt.subplots(len(rows), 1, figsize=(4.8, 2.5))
for axis, (name, row) in zip(axes, rows.items(), strict=True):
    strip = row.squeeze(1).permute(1, 0, 2).reshape(28, -1)  # side by side
    axis.imshow(strip, cmap="gray", interpolation="none", vmin=-0.8, vmax=2.0)
    axis.set(xticks=[], yticks=[])
    axis.set_ylabel(name, rotation=0, ha="right", va="center")
    axis.spines[:].set_visible(False)
    if name in error:
        print(f"{name}: squared error {error[name]:.2f} per pixel")
plt.show()

first, second, third, whole = error.values()
assert first < second < third, "each layer adds its own loss"
assert whole < 0.9 * third, "together they lose less"
