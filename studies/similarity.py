"""How alike must two tasks be, and how many layers should be reused?

Pullover against T-shirt from 20 labels: points of test accuracy gained over a
network that reuses nothing, mean of ten seeds with 95% intervals, against the
number of layers taken over from a network trained on 22,000 images of something
else. Left the reused layers are frozen, right they train on. Other clothes are
most like the new task, shoes and bags less; with random labels, the same
clothes can only be learned by heart.
"""

from functools import cache

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

CLASSES = {
    "clothes": [1, 3, 4, 6],  # trouser, dress, coat, shirt
    "shoes and bags": [5, 7, 8, 9],  # sandal, sneaker, bag, ankle boot
    "random labels": [1, 3, 4, 6],
}
LAYERS = ["1", "3", "5"]


@cache
def fashion(split):
    return getattr(lm.FashionMNIST(), split)


@cache
def only(split, *classes):
    """The images of some classes, which are numbered from 0."""
    images, labels = fashion(split)
    is_one = torch.isin(labels, torch.tensor(classes))
    number = torch.full((10,), -1)
    number[list(classes)] = torch.arange(len(classes))
    return images[is_one], number[labels[is_one]]


@cache
def trained_on(task, seed):
    """Three layers and a head that have learned another task."""
    images, labels = only("train", *CLASSES[task])
    torch.manual_seed(seed)
    if task == "random labels":
        labels = labels[torch.randperm(len(labels))]
    network = lm.MLP([784, 100, 100, 100, 4])
    lm.initialize(network)
    optimizer = Adam(network.parameters(), fused=True)
    for chosen in torch.randperm(len(images)).repeat(5).split(100):
        optimizer.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        optimizer.step()
    return network


def run(settings, seed):
    """Reuse some layers, train all of them on 20 images in 400 steps."""
    torch.manual_seed(1_000 + seed)
    images, labels = only("train", 0, 2)
    few = torch.cat(
        [
            (labels == label).nonzero()[:, 0][torch.randperm(5_000)[:10]]
            for label in (0, 1)
        ]
    )
    network = lm.MLP([784, 100, 100, 100, 2])
    lm.initialize(network)
    if settings["task"] != "none":
        chosen = LAYERS[: settings["layers"]]
        lm.reuse(network, trained_on(settings["task"], seed), layers=chosen)
        if settings["frozen"]:
            for name in chosen:
                network.get_submodule(name).requires_grad_(False)
    optimizer = Adam(network.parameters(), settings["rate"], fused=True)
    for _ in range(400):
        optimizer.zero_grad()
        cross_entropy(network(images[few]), labels[few]).backward()
        optimizer.step()
    return {
        f"{split} accuracy": accuracy(network, *only(split, 0, 2))
        for split in ("test", "validation")
    }


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


ALTERNATIVES = {"nothing": {"task": "none"}} | {
    f"{task}, {layers} of 3, {'frozen' if frozen else 'trained on'}": {
        "task": task,
        "layers": layers,
        "frozen": frozen,
    }
    for task in CLASSES
    for layers in (1, 2, 3)
    for frozen in (True, False)
}
study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune=Tune("rate", [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1]),
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.005, diverged=0.5, format=".1%", tolerance=0.03, cases=2_000
        ),
        "validation accuracy": Metric(
            matters=0.005, diverged=0.5, format=".1%", tolerance=0.03
        ),
    },
    reference="nothing",
    seconds_per_run=0.4,
)


def draw(results):
    """Frozen and trained on, side by side."""
    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.4), sharey=True)
    for axis, ending in zip(axes, ("frozen", "trained on"), strict=True):
        for shift, (task, color) in enumerate(
            zip(CLASSES, ("C2", "C0", "C3"), strict=True)
        ):
            gains = [
                results.difference(f"{task}, {n} of 3, {ending}", "test accuracy")
                for n in (1, 2, 3)
            ]
            axis.errorbar(
                [n + 0.08 * (shift - 1) for n in (1, 2, 3)],
                [100 * gain.mean for gain in gains],
                [
                    [100 * (gain.mean - gain.low) for gain in gains],
                    [100 * (gain.high - gain.mean) for gain in gains],
                ],
                fmt="o-",
                color=color,
                markersize=3,
                capsize=2,
                label=task,
            )
        axis.axhline(0, color="black", linestyle="--")
        axis.set(title=ending, xlabel="layers reused, of 3", xticks=[1, 2, 3])
    axes[0].set_ylabel("points above scratch")
    axes[1].legend(title="learned before from", loc="lower left")
    return figure


def numbers(results):
    """How far from a new network; how many gains and losses clear 0."""
    gain = {
        name: results.difference(name, "test accuracy")
        for name in ALTERNATIVES
        if name != "nothing"
    }
    assert all(
        one.high < 0
        for name, one in gain.items()
        if name.startswith("random") and name.endswith("frozen")
    ), "frozen layers that have learned random labels harm"
    return {
        "trained on": max(
            abs(one.mean)
            for name, one in gain.items()
            if name.endswith("trained on")
        ),
        "gains": sum(one.low > 0 for one in gain.values()),
        "losses": sum(one.high < 0 for one in gain.values()),
        "asked": len(gain),
    }
