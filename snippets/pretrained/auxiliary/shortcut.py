"""What if there is an easier way to tell?

Left, one image in four positions, with a bright pixel in the corner, such as a
camera's date or a scanner's edge may leave. Right, how often a network can tell
how images are turned that it was not trained on (guessing: dashed). Trained with
the mark it is all but never wrong (upper bar), until the mark is taken away
(middle): it has learned to find the dot. Trained without, it has learned more.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm


def mark(images):
    """A bright dot in the upper left corner."""
    marked = images.clone()
    marked[..., 1:3, 1:3] = 4.0
    return marked


def rotations_of_marked(images):
    return lm.rotations(mark(images))


def make_task(make_labels):
    torch.manual_seed(42)
    body = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )
    task = lm.AuxiliaryTask(body, nn.Linear(16 * 7 * 7, 4), make_labels)
    lm.initialize(task)
    trainer = lm.quiet_trainer(max_epochs=2, limit_val_batches=0)
    trainer.fit(task, data)
    return task


@torch.no_grad()
def right_about(task, images):
    turned, quarters = lm.rotations(images)
    return (task(turned).argmax(dim=1) == quarters).float().mean().item()


data = lm.FashionMNIST(train_size=2_000, batch_size=32)
images = data.validation.images[:1_000]
with_mark, without = make_task(rotations_of_marked), make_task(lm.rotations)
accuracy = {
    "trained with the mark, asked with it": right_about(with_mark, mark(images)),
    "trained with the mark, asked without": right_about(with_mark, images),
    "trained without, asked without": right_about(without, images),
}
for name, value in accuracy.items():
    print(f"{name}: {value:.0%}")

figure = plt.figure(figsize=(7.4, 2.4))
left, right = figure.subfigures(1, 2, width_ratios=[2, 3])
turned, _ = lm.rotations(mark(images[:1]))
for axis, image in zip(left.subplots(2, 2).flat, turned, strict=True):
    axis.imshow(image[0], cmap="gray", interpolation="none")
    axis.set_axis_off()
axis = right.subplots()
axis.barh(
    [name.replace(", ", "\n") for name in accuracy],
    accuracy.values(),
    color=["C1", "C1", "C0"],
    height=0.6,
)
axis.axvline(0.25, color="black", linestyle="--", linewidth=0.8)
axis.invert_yaxis()
axis.grid(visible=False, axis="y")
axis.set(xlim=(0, 1), xlabel="right about the turn")
plt.show()

cheated, lost, honest = accuracy.values()
assert cheated > 0.95 and lost < honest - 0.1
