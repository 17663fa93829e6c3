"""Which answers should a network keep to itself?

Accuracy on new images when only the surest answers are given, the fewer the
further to the left. Left, a network that learned from 20,000 images, right one
that learned 1,000 by heart; means of three seeds. With much data, going by the
probability of a single plain pass (orange) is best, ahead of the entropy of 30
passes with dropout (blue), and their mutual information (green) is far behind.
With little data all three are close.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def train(size, epochs, batch_size):
    """Return a trained network, in evaluation mode, and its data."""
    data = lm.FashionMNIST(batch_size=batch_size, train_size=size)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    lm.add_dropout(network, rate=0.2)
    trainer = lm.quiet_trainer(max_epochs=epochs, limit_val_batches=0)
    trainer.fit(lm.Classifier(network), data)
    return network.eval(), data


def accuracies(doubt, p, labels):
    """Accuracy on the fraction of the images with the least doubt."""
    right = (p.argmax(dim=1) == labels)[doubt.argsort()].float()
    return [right[: int(f * len(right))].mean().item() for f in fractions]


fractions = np.linspace(0.4, 1, 13)
REGIMES = {"much": (20_000, 3, 128), "little": (1_000, 60, 50)}
COLORS = {"plain": "C1", "MC entropy": "C0", "MC information": "C2"}
at_80 = {}
figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.2))
for axis, (regime, settings) in zip(axes, REGIMES.items(), strict=True):
    found = {way: [] for way in COLORS}
    for seed in range(3):
        torch.manual_seed(seed)
        network, data = train(*settings)
        images, labels = data.test.images[:2_000], data.test.labels[:2_000]
        with torch.no_grad():
            plain = network(images).softmax(dim=1)
        asked = lm.mc_dropout(network, images, samples=30, seed=seed)
        for way, doubt, p in (
            ("plain", -plain.max(dim=1).values, plain),
            ("MC entropy", asked.entropy, asked.mean),
            ("MC information", asked.mutual_information, asked.mean),
        ):
            found[way].append(accuracies(doubt, p, labels))
    everything = np.mean(found["plain"], axis=0)[-1]
    print(f"{settings[0]:,} images, all answered: {everything:.1%}")
    axis.set_title(f"learned from {settings[0]:,} images")
    for way, color in COLORS.items():
        runs = np.array(found[way])
        mean = runs.mean(axis=0)
        at_80[f"{way}, {regime}"] = mean[8].item()
        print(f"  80% answered, by {way:15}: {mean[8]:.1%}")
        axis.plot(fractions, mean, color=color)
        axis.fill_between(
            fractions, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.15
        )
    axis.set_xlabel("fraction answered")
axes[0].set_ylabel("accuracy of the answers")
axes[0].text(0.8, 0.945, "plain", color="C1")
axes[0].text(0.48, 0.945, "MC entropy", color="C0")
axes[0].text(0.45, 0.875, "MC information", color="C2")
plt.show()

assert at_80["MC entropy, much"] < at_80["plain, much"]
assert at_80["MC information, much"] < at_80["plain, much"] - 0.02
