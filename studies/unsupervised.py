"""Does unsupervised pretraining help, and with how many labels?

Test accuracy on Fashion-MNIST by the number of labels, from scratch (orange) and
pretrained as a stack of autoencoders on 10,000 images without labels (blue).
Above, the mean of ten seeds. Below, pretrained minus scratch, seed by seed, with
its 95% interval: where the bar meets the zero line, no difference is shown.
Squares: four times as many steps.
"""

from copy import deepcopy
from functools import cache

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm
from lightning_modules.data.splits import balanced_order
from verified_docs.study import Metric, Study, Tune

NETWORKS = {
    "sigmoid": ([100, 100, 100, 100, 100], nn.Sigmoid),
    "ReLU": ([300, 100], nn.ReLU),
}
UNLABELLED = 10_000
EPOCHS_PER_LAYER, EPOCHS_OF_THE_WHOLE = 2, 2


@cache
def data():
    whole = lm.FashionMNIST()
    return whole.train, whole.validation, whole.test


@cache
def order(seed):
    """Which images have labels: the first ones, and ever more of the same."""
    return balanced_order(data()[0].labels, seed)


@cache
def body(network, pretrained, seed):
    """The hidden layers, initialized, and pretrained or not."""
    torch.manual_seed(seed)
    widths, activation = NETWORKS[network]
    autoencoder = lm.StackedAutoencoder.dense(
        (1, 28, 28), widths, activation, epochs_per_layer=EPOCHS_PER_LAYER
    )
    lm.initialize(autoencoder)  # Glorot for the sigmoid, He for the ReLU
    if pretrained:
        images = data()[0].images[order(seed)[:UNLABELLED]]
        trainer = lm.quiet_trainer(
            max_epochs=EPOCHS_PER_LAYER * len(widths) + EPOCHS_OF_THE_WHOLE
        )
        no_labels = torch.zeros(UNLABELLED)
        trainer.fit(
            autoencoder,
            lm.InMemoryBatches(images, no_labels, 64, shuffle=True, seed=seed),
        )
    return autoencoder.encoder


def run(settings, seed):
    """Train with a few labels, all layers at one rate."""
    train, validation, test = data()
    hidden = body(settings["network"], settings["pretrained"], seed)
    torch.manual_seed(seed)
    network = nn.Sequential(deepcopy(hidden), nn.Linear(100, 10))
    lm.initialize(network[1], "glorot")
    adam = torch.optim.Adam(network.parameters(), settings["rate"], fused=True)
    labelled = order(seed)[: settings["labels"]]
    images, labels = train.images[labelled], train.labels[labelled]
    network.train()
    for _ in range(settings["steps"]):
        chosen = torch.randint(len(labels), (32,))
        adam.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        adam.step()
    return {
        "test accuracy": accuracy(network, *test),
        "validation accuracy": accuracy(network, *validation),
    }


@torch.no_grad()
def accuracy(network, images, labels):
    network.eval()
    return (network(images).argmax(dim=1) == labels).float().mean().item()


STEPS, PATIENT = 500, 2_000
LABELS = [10, 20, 50, 200, 1_000, 2_000]
CELLS = [
    *((name, labels, STEPS) for name in NETWORKS for labels in LABELS),
    ("sigmoid", 1_000, PATIENT),
]
GRIDS = {  # half a decade apart
    "sigmoid": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "ReLU": [0.0001, 0.0003, 0.001, 0.003, 0.01],
}


def title(network, labels, steps, way):
    patience = ", patient" if steps == PATIENT else ""
    return f"{network}, {labels:,} labels{patience}, {way}"


ALTERNATIVES = {
    title(*cell, way): {
        "network": cell[0],
        "labels": cell[1],
        "steps": cell[2],
        "pretrained": way == "pretrained",
    }
    for cell in CELLS
    for way in ("scratch", "pretrained")
}

study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", GRIDS[settings["network"]])
        for name, settings in ALTERNATIVES.items()
    },
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.01, format=".1%", tolerance=0.03, cases=10_000
        ),
        "validation accuracy": Metric(matters=0.01, format=".1%", tolerance=0.03),
    },
    reference={
        title(*cell, "pretrained"): title(*cell, "scratch") for cell in CELLS
    },
    seconds_per_run=2,
)


def draw(results):
    """A column for each network."""
    figure, axes = plt.subplots(
        2, 2, figsize=(6.8, 4.6), sharex=True, sharey="row", height_ratios=[3, 2]
    )
    for (name, (widths, _)), (above, below) in zip(
        NETWORKS.items(), axes.T, strict=True
    ):
        for way, color in (("scratch", "C1"), ("pretrained", "C0")):
            means = [
                results.mean(title(name, labels, STEPS, way), "test accuracy")
                for labels in LABELS
            ]
            above.semilogx(
                LABELS, [m.mean for m in means], marker="o", color=color
            )
            above.fill_between(
                LABELS,
                [m.low for m in means],
                [m.high for m in means],
                color=color,
                alpha=0.2,
            )
        above.set_title(f"{len(widths)} {name} layers")
        below.axhline(0, color="black", linestyle="--", linewidth=0.8)
        for cell in CELLS:
            if cell[0] == name:
                show(below, results, cell)
        below.set_xticks(LABELS, [f"{labels:,}" for labels in LABELS])
        below.minorticks_off()
        below.set_xlabel("labels")
    for way, color in (("scratch", "C1"), ("pretrained", "C0")):
        cell = title("sigmoid", 1_000, PATIENT, way)
        axes[0, 0].plot(
            1_000, results.mean(cell, "test accuracy").mean, "s", color=color
        )
    axes[0, 0].text(120, 0.58, "scratch", color="C1")
    axes[0, 0].text(25, 0.68, "pretrained", color="C0")
    axes[0, 0].set_ylabel("test accuracy")
    axes[1, 0].set_ylabel("difference, points")
    return figure


def show(axis, results, cell):
    """One difference in percentage points, with its interval."""
    gain = results.difference(title(*cell, "pretrained"), "test accuracy")
    axis.errorbar(
        cell[1] * (1.25 if cell[2] == PATIENT else 1),
        100 * gain.mean,
        100 * (gain.high - gain.mean),
        fmt="s" if cell[2] == PATIENT else "o",
        color="C0",
        capsize=2,
    )


def numbers(results):
    """Steps before and with labels; how many differences are surely a point."""
    batches = -(-UNLABELLED // 64)
    gains = {
        name: [
            results.difference(title(*cell, "pretrained"), "test accuracy")
            for cell in CELLS
            if cell[0] == name
        ]
        for name in NETWORKS
    }
    with_ten, *with_more = gains["ReLU"]
    assert with_ten.low > 0
    assert not any(gain.low > 0 for gain in with_more)
    return {
        "steps_before": {
            name: batches * (EPOCHS_PER_LAYER * len(widths) + EPOCHS_OF_THE_WHOLE)
            for name, (widths, _) in NETWORKS.items()
        },
        "steps_with_labels": STEPS,
        "steps_patient": PATIENT,
        "least": {name: min(g.mean for g in gains[name]) for name in gains},
        "most": {name: max(g.mean for g in gains[name]) for name in gains},
        "decided": {
            name: sum(g.verdict in ("better", "worse") for g in gains[name])
            for name in gains
        },
    }
