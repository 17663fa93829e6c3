"""All layers are frozen below the head. Do the batch normalizations stay?

After 40 steps on 20 images: how far the running means have moved, in standard
deviations of their unit, and how many of the eight old digits the network still
tells apart when it gets its old head back.
"""

from copy import deepcopy

import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
digits = lm.Digits()


def batches(split, old, count=None):
    images, labels = split
    chosen = labels < 8 if old else labels >= 8
    images, labels = images[chosen][:count], labels[chosen][:count]
    return lm.InMemoryBatches(images, labels - (0 if old else 8), 20)


eight_classes = lm.MLP([64, 50, 50, 8], normalization=nn.BatchNorm1d)
lm.quiet_trainer(max_epochs=10).fit(
    lm.Classifier(eight_classes),
    batches(digits.train, old=True),
    batches(digits.validation, old=True),
)

layers = ["network.5", "network.4", "network.2", "network.1"]  # from the top
ways = {
    "requires_grad=False": [],
    "FreezeBatchNorm": [lm.FreezeBatchNorm()],
    "GradualUnfreezing": [lm.GradualUnfreezing(layers, at=[10, 20, 30, 30])],
}
old_images = torch.cat([x for x, _ in batches(digits.test, old=True)])
old_labels = torch.cat([y for _, y in batches(digits.test, old=True)])
moved, knows = {}, {}
for way, callbacks in ways.items():
    network = deepcopy(eight_classes)
    network[7] = nn.Linear(50, 2)
    if way != "GradualUnfreezing":
        network[:-1].requires_grad_(False)
    lm.quiet_trainer(max_epochs=40, callbacks=callbacks).fit(
        lm.Classifier(network),
        batches(digits.train, old=False, count=20),
        batches(digits.validation, old=False),
    )
    pairs = [(eight_classes[place], network[place]) for place in (2, 5)]
    moved[way] = max(
        ((now.running_mean - then.running_mean) / then.running_var.sqrt())
        .abs()
        .max()
        .item()
        for then, now in pairs
    )
    network[7] = eight_classes[7]
    with torch.no_grad():
        right = network.eval()(old_images).argmax(dim=1) == old_labels
    knows[way] = right.float().mean().item()
    trained = not torch.equal(network[4].weight, eight_classes[4].weight)
    print(
        f"{way:20} moved by up to {moved[way]:.1f}, knows {knows[way]:.0%}, "
        f"weights {'trained' if trained else 'as they were'}"
    )
    assert trained == (way == "GradualUnfreezing")

assert moved["requires_grad=False"] > 0.3
assert moved["FreezeBatchNorm"] == moved["GradualUnfreezing"] == 0
assert knows["requires_grad=False"] < knows["FreezeBatchNorm"]
