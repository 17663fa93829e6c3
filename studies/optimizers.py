"""Which optimizer is fast, which ends well, and which forgives a wrong rate?

Validation accuracy on Fashion-MNIST for seven learning rates of each optimizer
(mean of two seeds): three hidden layers (solid) and twenty (dashed), the same
number of steps for all. The band is one point below the best of the shallow
network: the more of the solid line lies in it, the less the rate matters.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adagrad, Adam, Adamax, AdamW, NAdam, RMSprop

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

# Torch's own make the same steps as the library's; fused, in a third of the time.
OPTIMIZERS = {
    "SGD": lambda weights, rate: SGD(weights, rate, fused=True),
    "Momentum": lambda weights, rate: SGD(
        weights, rate, momentum=0.9, fused=True
    ),
    "Nesterov": lambda weights, rate: SGD(
        weights, rate, momentum=0.9, nesterov=True, fused=True
    ),
    "AdaGrad": lambda weights, rate: Adagrad(weights, rate, fused=True),
    "RMSProp": lambda weights, rate: RMSprop(weights, rate, alpha=0.9),
    "Adam": lambda weights, rate: Adam(weights, rate, fused=True),
    "AdaMax": lambda weights, rate: Adamax(weights, rate),
    "Nadam": lambda weights, rate: NAdam(weights, rate),
    "AdamW": lambda weights, rate: AdamW(weights, rate, fused=True),
}
# hidden layers, batch size, epochs, steps between two looks at validation images
NETWORKS = {
    "3 layers": (3, 32, 3, 100),
    "20 layers": (20, 128, 4, 50),
}
TARGET = 0.85


def run(settings, seed):
    """Train once; a run whose loss is not a number any more ends there."""
    data = lm.FashionMNIST()
    images, labels = data.train
    unseen, answers = data.validation
    depth, batch, epochs, pause = NETWORKS[settings["network"]]
    torch.manual_seed(seed)
    network = lm.MLP([784] + [100] * depth + [10], nn.ReLU)
    lm.initialize(network)
    optimizer = OPTIMIZERS[settings["optimizer"]](
        network.parameters(), settings["rate"]
    )
    steps, losses, reached = 0, [], math.inf
    for _ in range(epochs):
        for chosen in torch.randperm(len(images)).split(batch)[
            : len(images) // batch
        ]:
            optimizer.zero_grad()
            cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
            steps += 1
            if steps % pause == 0 and reached == math.inf:  # noqa: SIM102
                if accuracy(network, unseen[:2_000], answers[:2_000]) >= TARGET:
                    reached = steps
        with torch.no_grad():
            losses.append(cross_entropy(network(unseen), answers).item())
        if not math.isfinite(losses[-1]):
            break
    finite = math.isfinite(losses[-1])
    test = accuracy(network, *data.test) if finite else math.nan
    return {
        "validation accuracy": accuracy(network, unseen, answers)
        if finite
        else math.nan,
        "test accuracy": test,
        "steps to 85%": float(min(reached, steps))
        if finite
        else math.nan,  # all of them if it never got there
        "got to 85%": float(reached < math.inf),
        "losses": losses,
    }


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


GRIDS = {  # seven each, half a decade apart
    "SGD": [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0],
    "Momentum": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    "Nesterov": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
    "AdaGrad": [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
    "RMSProp": [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01],
    "Adam": [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03],
    "AdaMax": [1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1],
    "Nadam": [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03],
    "AdamW": [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03],
}
ALTERNATIVES = [
    (f"{name}, {network}", name, network)
    for network in NETWORKS
    for name in OPTIMIZERS
]

study = Study(
    run=run,
    alternatives={
        title: {"optimizer": name, "network": network}
        for title, name, network in ALTERNATIVES
    },
    tune={title: Tune("rate", GRIDS[name]) for title, name, _ in ALTERNATIVES},
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "validation accuracy": Metric(
            matters=0.005, diverged=0.1, format=".1%", tolerance=0.02
        ),
        "test accuracy": Metric(
            matters=0.005,
            diverged=0.1,
            format=".1%",
            tolerance=0.02,
            cases=10_000,
        ),
        "steps to 85%": Metric(
            matters=200, better="lower", format=",.0f", tolerance=1_000
        ),
    },
    reference={
        title: f"Nesterov, {network}"
        for title, name, network in ALTERNATIVES
        if name != "Nesterov"
    },
    seconds_per_run=8,
)


COLORS = ("black", *(f"C{number}" for number in range(8)))


def draw(results):
    """A panel for each optimizer."""
    figure, axes = plt.subplots(3, 3, figsize=(6.6, 5.4), sharey=True)
    for axis, name, color in zip(axes.flat, OPTIMIZERS, COLORS, strict=True):
        for network, style in zip(NETWORKS, ("-", "--"), strict=True):
            rates, means = results.tuning_curve(f"{name}, {network}")
            axis.semilogx(
                rates, means, style, color=color, marker="o", markersize=3
            )
            if network == "3 layers":
                axis.axhspan(
                    max(means) - 0.01, max(means), color=color, alpha=0.15
                )
        axis.set(title=name, ylim=(0.7, 0.9))
    for axis in axes[-1]:
        axis.set_xlabel("learning rate")
    for axis in axes[:, 0]:
        axis.set_ylabel("validation accuracy")
    return figure


def numbers(results):
    """How far apart the means are; ranges of rates within a point of the best."""
    apart, forgives, decided = {}, {}, {}
    for network in NETWORKS:
        names = [f"{name}, {network}" for name in OPTIMIZERS]
        means = {name: results.mean(name, "test accuracy").mean for name in names}
        apart[network] = max(means.values()) - min(means.values())
        differences = [
            results.difference(name, "test accuracy")
            for name in names
            if not name.startswith("Nesterov")
        ]
        decided[network] = sum(
            one.verdict in ("better", "worse") for one in differences
        )
        for name in names:
            rates, curve = results.tuning_curve(name)
            good = [
                rate
                for rate, mean in zip(rates, curve, strict=True)
                if mean >= max(curve) - 0.01
            ]
            forgives[name] = max(good) / min(good)
    return {"apart": apart, "decided": decided, "forgives": forgives}
