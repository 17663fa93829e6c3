"""Does pretraining on rotations help, and with how many labels?

Test accuracy on Fashion-MNIST by the number of labels, of a network with three
convolutions: from scratch (orange), with a body that has learned to tell how
5,000 images are turned (blue), and with that body frozen (green). Above, the
mean of ten seeds. Below, the difference from scratch, seed by seed, with its 95%
interval: where the bar meets the zero line, no difference is shown.
"""

from functools import cache

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm
from lightning_modules.data.splits import balanced_order
from verified_docs.study import Metric, Study, Tune

UNLABELLED, EPOCHS, STEPS = 5_000, 4, 300


@cache
def data():
    whole = lm.FashionMNIST()
    return whole.train, whole.validation, whole.test


@cache
def order(seed):
    """Which images have labels: the first ones, and ever more of the same."""
    return balanced_order(data()[0].labels, seed)


def make_body():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
    )


@cache
def pretrained(seed):
    """A task whose body can tell how an image is turned, and how often it can."""
    torch.manual_seed(seed)
    task = lm.AuxiliaryTask(make_body(), nn.Linear(512, 4), lm.rotations)
    lm.initialize(task)
    chosen = order(seed)[:UNLABELLED]
    no_labels = torch.zeros(UNLABELLED)
    lm.quiet_trainer(max_epochs=EPOCHS).fit(
        task,
        lm.InMemoryBatches(
            data()[0].images[chosen], no_labels, 32, shuffle=True, seed=seed
        ),
    )
    turned, quarters = lm.rotations(data()[1].images[:1_000])
    return task, accuracy(task, turned, quarters)


def run(settings, seed):
    """Train with a few labels: everything, or the head alone."""
    train, validation, test = data()
    way = settings["way"]
    task, told = pretrained(seed) if way != "scratch" else (None, 0.25)
    torch.manual_seed(seed)
    network = nn.Sequential(make_body(), nn.Linear(512, 10))
    lm.initialize(network)
    if task is not None:
        lm.reuse(network, task, layers={"body": "0"})
    trained = network[1] if way == "frozen" else network
    adam = torch.optim.Adam(trained.parameters(), settings["rate"], fused=True)
    labelled = order(seed)[: settings["labels"]]
    images, labels = train.images[labelled], train.labels[labelled]
    network[0].requires_grad_(way != "frozen")
    for _ in range(STEPS):
        chosen = torch.randint(len(labels), (32,))
        adam.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        adam.step()
    return {
        "test accuracy": accuracy(network, *test),
        "validation accuracy": accuracy(network, *validation),
        "rotation accuracy": told,
    }


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


LABELS = [10, 20, 50, 200, 1_000, 2_000]
WAYS = {"scratch": "C1", "reused": "C0", "frozen": "C2"}
ALTERNATIVES = {
    f"{count:,} labels, {name}": {"labels": count, "way": name}
    for count in LABELS
    for name in WAYS
}
GRIDS = {  # half a decade apart
    "scratch": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "reused": [0.0003, 0.001, 0.003, 0.01, 0.03],
    "frozen": [0.001, 0.003, 0.01, 0.03, 0.1],
}

study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", GRIDS[cell["way"]])
        for name, cell in ALTERNATIVES.items()
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
        f"{count:,} labels, {name}": f"{count:,} labels, scratch"
        for count in LABELS
        for name in ("reused", "frozen")
    },
    seconds_per_run=2,
)


def draw(results):
    """Accuracies above, differences below."""
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(5.6, 4.6), sharex=True, height_ratios=[3, 2]
    )
    for way, color in WAYS.items():
        means = [
            results.mean(f"{labels:,} labels, {way}", "test accuracy")
            for labels in LABELS
        ]
        above.semilogx(LABELS, [m.mean for m in means], marker="o", color=color)
        if way == "scratch":
            continue
        gains = [
            results.difference(f"{labels:,} labels, {way}", "test accuracy")
            for labels in LABELS
        ]
        below.errorbar(
            [labels * (1.12 if way == "frozen" else 1) for labels in LABELS],
            [100 * gain.mean for gain in gains],
            [100 * (gain.high - gain.mean) for gain in gains],
            fmt="o",
            color=color,
            capsize=2,
        )
    below.axhline(0, color="C1", linewidth=1)
    below.set_xticks(LABELS, [f"{labels:,}" for labels in LABELS])
    below.minorticks_off()
    for row, (way, color) in enumerate(WAYS.items()):
        above.text(300, 0.67 - 0.045 * row, way, color=color)
    above.set_ylabel("test accuracy")
    below.set(xlabel="labels", ylabel="difference, points")
    return figure


def numbers(results):
    """What pretraining takes and gives, and how often it can tell the turn."""
    told = results.metric("20 labels, reused", "rotation accuracy")
    gains = {
        name: results.difference(name, "test accuracy")
        for name in study.references
    }
    most_at = max(gains, key=lambda name: gains[name].mean)
    assert not any(gain.low > 0 for gain in gains.values())
    assert [name for name in gains if gains[name].high < 0] == [
        "20 labels, frozen",
        "2,000 labels, frozen",
    ]
    assert gains["200 labels, reused"].low == max(
        gain.low for gain in gains.values()
    )
    return {
        "most": gains[most_at].mean,
        "most_at": most_at,
        "most_verdict": gains[most_at].verdict,
        "decided": sum(
            gain.verdict in ("better", "worse") for gain in gains.values()
        ),
        "told": float(told.mean()),
        "steps_before": EPOCHS * -(-UNLABELLED // 32),
        "steps_with_labels": STEPS,
    }
