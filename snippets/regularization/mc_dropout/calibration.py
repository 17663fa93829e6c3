"""Do the probabilities get better if dropout stays on when predicting?

How often the answer is right (up) among answers given with about the same
probability (right), in ten groups of equal size; on the dashed line they agree.
Left, a network that learned from 20,000 images: plain predictions are near the
line, and MC dropout is too modest. Right, one that learned 1,000 images by
heart: plain predictions are too sure, MC dropout comes closer to the line, and so
does one number, the temperature. Three seeds together.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torchmetrics.functional.classification import multiclass_calibration_error

import lightning_modules as lm


def train(size, epochs, batch_size):
    """Return a trained network, in evaluation mode."""
    data = lm.FashionMNIST(batch_size=batch_size, train_size=size)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    lm.add_dropout(network, rate=0.2)
    trainer = lm.quiet_trainer(max_epochs=epochs, limit_val_batches=0)
    trainer.fit(lm.Classifier(network), data)
    return network.eval(), data


def temperature(scores, labels):
    """The one number to divide scores by that makes the labels most likely."""
    candidates = np.geomspace(0.5, 5, 100)
    losses = [nn.functional.cross_entropy(scores / t, labels) for t in candidates]
    return candidates[int(np.argmin(losses))]


def curve(p, labels):
    """How often the answer is right, in ten groups by its probability."""
    sure, answers = p.max(dim=1)
    right = (answers == labels).float()
    groups = sure.argsort().chunk(10)
    places = [sure[group].mean().item() for group in groups]
    return places, [right[group].mean().item() for group in groups]


WAYS = {"plain": "C1", "MC dropout": "C0", "temperature": "C2"}
REGIMES = {"much": (20_000, 3, 128), "little": (1_000, 60, 50)}
accuracy, nll, ece = {}, {}, {}
figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.4), sharey=True)
for axis, (regime, settings) in zip(axes, REGIMES.items(), strict=True):
    found = {way: [] for way in WAYS}
    pooled = {way: [] for way in WAYS}
    for seed in range(3):
        torch.manual_seed(seed)
        network, data = train(*settings)
        images, labels = data.test.images[:2_000], data.test.labels[:2_000]
        with torch.no_grad():
            scores = network(images)
            t = temperature(
                network(data.validation.images), data.validation.labels
            )
        asked = lm.mc_dropout(network, images, samples=30, seed=seed)
        predictions = {
            "plain": scores.softmax(dim=1),
            "MC dropout": asked.mean,
            "temperature": (scores / t).softmax(dim=1),
        }
        for way, p in predictions.items():
            right = (p.argmax(dim=1) == labels).float().mean().item()
            loss = nn.functional.nll_loss(p.clamp(min=1e-9).log(), labels).item()
            error = multiclass_calibration_error(p, labels, 10, n_bins=10).item()
            found[way].append((right, loss, error))
            pooled[way].append((p, labels))
    print(f"{settings[0]:6,} images      accuracy   NLL    ECE")
    axis.set_title(f"learned from {settings[0]:,} images")
    axis.plot((0, 1), (0, 1), color="black", linestyle="--", linewidth=0.8)
    for way, color in WAYS.items():
        a, n, e = np.mean(found[way], axis=0).tolist()
        key = f"{way}, {regime}"
        accuracy[key], nll[key], ece[key] = a, n, e
        print(f"  {way:18}{a:8.1%}{n:8.2f}{e:8.3f}")
        p, labels = (torch.cat(parts) for parts in zip(*pooled[way], strict=True))
        axis.plot(*curve(p, labels), "o-", color=color, markersize=3)
    axis.set_xlabel("probability of the answer")
axes[0].set_ylabel("fraction that is right")
axes[0].text(0.5, 0.95, "MC dropout", color="C0", ha="right")
axes[1].text(0.1, 0.8, "temperature", color="C2")
axes[1].text(0.5, 0.15, "plain", color="C1")
plt.show()

assert ece["MC dropout, much"] > ece["plain, much"] + 0.01
assert nll["MC dropout, little"] < nll["plain, little"] - 0.1
assert nll["temperature, little"] < nll["plain, little"] - 0.1
assert nll["temperature, little"] < nll["MC dropout, little"]
assert abs(nll["temperature, much"] - nll["plain, much"]) < 0.01, "T is near 1"
