"""Which network of a hundred dense layers learns, and does the optimizer decide?

Test accuracy on Fashion-MNIST after 300 steps, for each learning rate (mean of
two seeds; left SGD, right Adam), of five networks of a hundred layers of 100
units. The dashed line is guessing. With skip connections every rate but the
largest works. The plain stacks have a narrow range of rates, and which is ahead
depends on the optimizer; Swish and ReLU with batch normalization stay at the
dashed line whatever the rate.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

DEPTH, WIDTH, STEPS = 100, 100, 300
OPTIMIZERS = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}


class Skip(nn.Sequential):
    """A branch, added to what came in."""

    def forward(self, signal):
        return signal + super().forward(signal)


def stack(activation, normalization=None):
    network = lm.MLP([784] + [WIDTH] * DEPTH + [10], activation, normalization)
    lm.initialize(network)  # LeCun for SELU, He for the others
    return network


def stack_with_skips():
    skips = [Skip(nn.ReLU(), nn.Linear(WIDTH, WIDTH)) for _ in range(DEPTH - 1)]
    for _, linear in skips:  # He's variance, shared among all that adds up
        nn.init.normal_(linear.weight, std=math.sqrt(2 / WIDTH / DEPTH))
        nn.init.zeros_(linear.bias)
    first, last = nn.Linear(784, WIDTH), nn.Linear(WIDTH, 10)
    return nn.Sequential(nn.Flatten(), first, *skips, nn.ReLU(), last)


NETWORKS = {
    "ReLU": lambda: stack(nn.ReLU),
    "SELU": lambda: stack(nn.SELU),
    "Swish": lambda: stack(nn.SiLU),
    "batch norm": lambda: stack(nn.ReLU, nn.BatchNorm1d),
    "skips": stack_with_skips,
}


def run(settings, seed):
    """Train once and measure."""
    data = lm.FashionMNIST()
    images, labels = data.train
    torch.manual_seed(seed)
    network = NETWORKS[settings["network"]]()
    kind = OPTIMIZERS[settings["optimizer"]]
    optimizer = kind(network.parameters(), settings["rate"], fused=True)
    for _ in range(STEPS):
        chosen = torch.randint(len(images), (32,))
        optimizer.zero_grad()
        loss = cross_entropy(network(images[chosen]), labels[chosen])
        if not loss.isfinite():
            return {"validation accuracy": math.nan, "test accuracy": math.nan}
        loss.backward()
        optimizer.step()
    network.eval()
    return {
        "validation accuracy": accuracy(network, *data.validation),
        "test accuracy": accuracy(network, *data.test),
    }


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


RATES = {
    "SGD": [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
    "Adam": [3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3],
}
NEVER_LEARN = ("Swish", "batch norm")  # no rate is best, so none may be too low
PAIRS = [(network, optimizer) for optimizer in OPTIMIZERS for network in NETWORKS]


def title(network, optimizer):
    return f"{network}, {optimizer}"


study = Study(
    run=run,
    alternatives={
        title(*pair): {"network": pair[0], "optimizer": pair[1]} for pair in PAIRS
    },
    tune={
        title(network, optimizer): Tune(
            "rate",
            RATES[optimizer],
            limits=RATES[optimizer] if network in NEVER_LEARN else (),
        )
        for network, optimizer in PAIRS
    },
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.02, diverged=0.1, format=".0%", tolerance=0.05, cases=10_000
        ),
        "validation accuracy": Metric(
            matters=0.02, diverged=0.1, format=".0%", tolerance=0.05
        ),
    },
    reference={
        title(network, optimizer): title("ReLU", optimizer)
        for network, optimizer in PAIRS
        if network != "ReLU"
    },
    seconds_per_run=3,
)


def draw(results):
    """Accuracy against rate, a panel for each optimizer."""
    colors = dict(zip(NETWORKS, ("C1", "C0", "C4", "C3", "C2"), strict=True))
    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.2), sharey=True)
    for axis, optimizer in zip(axes, OPTIMIZERS, strict=True):
        for network, color in colors.items():
            name = title(network, optimizer)
            rates, means = results.tuning_curve(name, "test accuracy")
            axis.semilogx(rates, means, color=color, marker="o", markersize=3)
        axis.axhline(0.1, color="black", linestyle="--", linewidth=0.8, zorder=0)
        axis.set(title=optimizer, xlabel="learning rate")
    axes[0].set_ylabel("test accuracy")
    for network, place in {
        "skips": (1.5e-4, 0.7),
        "SELU": (1.2e-3, 0.46),
        "ReLU": (4e-3, 0.21),
    }.items():
        axes[0].text(*place, network, color=colors[network])
    axes[1].text(3e-6, 0.045, "Swish,", color=colors["Swish"])
    axes[1].text(1e-5, 0.045, "batch norm", color=colors["batch norm"])
    axes[0].set_ylim(0.03, 0.85)
    return figure


def numbers(results):
    """How long the training is; the claims that the page makes."""
    shown = {
        name: results.mean(name, "test accuracy").mean
        for name in results.alternatives
    }
    for optimizer in OPTIMIZERS:
        for network in NEVER_LEARN:
            assert shown[title(network, optimizer)] < 0.15
        assert shown[title("skips", optimizer)] > 0.7
        selu = results.difference(title("SELU", optimizer), "test accuracy")
        assert selu.verdict == "better"
    return {"steps": STEPS}
