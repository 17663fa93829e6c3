"""How well can a network tell which way an image is turned?

Left, images that were not trained on, in the four positions. What stands over
each is how many quarter turns the network sees in it, orange where it is wrong.
Right, how often it is right, class by class: guessing would be right in one of
four (dashed). It costs no labels to learn, and it does not work
for every class: a bag without a handle looks the same upside down.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

data = lm.FashionMNIST(train_size=4_000, batch_size=32)
body = nn.Sequential(
    nn.Conv2d(1, 8, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(8, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
)
torch.manual_seed(42)
task = lm.AuxiliaryTask(body, nn.Linear(32 * 4 * 4, 4), lm.rotations)
lm.initialize(task)
trainer = lm.quiet_trainer(max_epochs=3, limit_val_batches=0)
trainer.fit(task, data)  # never looks at the labels

images, labels = (part[:1_500] for part in data.validation)
turned, quarters = lm.rotations(images)
with torch.no_grad():
    answers = task(turned).argmax(dim=1)
right = (answers == quarters).view(4, -1)
accuracy = right.float().mean().item()
by_class = {
    name: right[:, labels == number].float().mean().item()
    for number, name in enumerate(data.class_names)
}
print(f"right about {accuracy:.0%} of the turned images")
for name, share in by_class.items():
    print(f"   {name}: {share:.0%}")

figure = plt.figure(figsize=(7.4, 3.4))
left, bars = figure.subfigures(1, 2)
axes = left.subplots(4, 4)
chosen = [(labels == number).nonzero()[0].item() for number in (7, 6, 1, 8)]
for row, image in zip(axes, chosen, strict=True):
    for k, axis in enumerate(row):
        axis.imshow(
            turned.view(4, -1, 28, 28)[k, image],
            cmap="gray",
            interpolation="none",
        )
        axis.set_axis_off()
        seen = answers.view(4, -1)[k, image].item()
        color = "black" if seen == k else "C1"
        axis.set_title(f"{seen}", color=color, loc="center")
axis = bars.subplots()
axis.barh(list(by_class), list(by_class.values()), height=0.6)
axis.invert_yaxis()
axis.axvline(0.25, color="black", linestyle="--", linewidth=0.8)
axis.set(xlim=(0, 1), xlabel="right about the turn")
axis.grid(visible=False, axis="y")
plt.show()

assert accuracy > 0.8
assert by_class["Bag"] < by_class["Sneaker"]
