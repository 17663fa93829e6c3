"""When does reuse pay? Where few labels cannot teach what many can.

Handwritten digits, each anywhere in a field of 16 x 16 pixels, from few labels:
test accuracy above, points gained over a new network below, means with 95%
intervals, against the number of labels. What is reused are three dense layers
that have learned to tell 200 made-up scribbles apart: wherever in the field
these were, frozen (blue) or trained on (orange); all in its middle, trained on
(red). Green reuses nothing: it moves its few images about while it trains, in
five times as many steps. Each at its own best rate.
"""

from functools import cache

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

FIELD, SCRIBBLES, OF_EACH = 16, 200, 60
SIZES = [10, 50, 200]
STEPS = {"old": 3_000, "new": 200, "moved": 1_000}
BATCH = 64
WAYS = {  # what is reused, whether it trains on, whether images move
    "new": (None, True, False),
    "frozen": ("anywhere", False, False),
    "trained on": ("anywhere", True, False),
    "from the middle": ("middle", True, False),
    "moved about": (None, True, True),
}


def anywhere(images, generator=None):
    """Each image of 8 x 8 at a place of its own: (n, 64) to (n, 256)."""
    corners = torch.randint(FIELD - 7, (len(images), 2), generator=generator)
    return placed(images, corners)


def placed(images, corners):
    field = torch.full((len(images), FIELD, FIELD), images.min().item())
    item = torch.arange(len(images))[:, None, None]
    rows, columns = (corners[..., None] + torch.arange(8)).unbind(dim=1)
    field[item, rows[:, :, None], columns[:, None, :]] = images.view(-1, 8, 8)
    return field.flatten(1)


def scribbles(generator):
    """A soft line through five points, never twice quite the same."""

    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    which = torch.arange(SCRIBBLES).repeat(OF_EACH)
    points = torch.rand(SCRIBBLES, 5, 2, generator=generator) * 0.9 + 0.05
    points = points[which] + 0.06 * normal(len(which), 5, 2)
    times = torch.linspace(0, 4, 25)[:, None]
    weights = torch.exp(-(((times - torch.arange(5)) / 0.64) ** 2))
    line = (weights / weights.sum(dim=1, keepdim=True)) @ points
    rows = torch.linspace(0, 1, 8)
    pixels = torch.cartesian_prod(rows, rows).expand(len(which), -1, -1)
    distance = torch.cdist(pixels, line).amin(dim=2)
    width = 0.09 * (1 + 0.2 * normal(len(which), 1)).clamp(0.5, 1.6)
    ink = torch.exp(-((distance / width) ** 2))
    return (ink - ink.mean()) / ink.std(), which


def new_network(classes):
    network = lm.MLP([FIELD**2, 300, 300, 100, classes])
    lm.initialize(network)
    return network


@cache
def learned_before(where, seed):
    """A network that knows the scribbles."""
    torch.manual_seed(5_000 + seed)
    images, labels = scribbles(torch.Generator().manual_seed(seed))
    network = new_network(SCRIBBLES)
    optimizer = Adam(network.parameters(), fused=True)
    for _ in range(STEPS["old"]):
        chosen = torch.randint(len(images), (2 * BATCH,))
        if where == "anywhere":
            seen = anywhere(images[chosen])
        else:
            seen = placed(images[chosen], torch.full((len(chosen), 2), 4))
        optimizer.zero_grad()
        cross_entropy(network(seen), labels[chosen]).backward()
        optimizer.step()
    return network


@cache
def digits():
    """To learn from, to choose by, to test: no image is in two of them."""
    data, generator = lm.Digits(), torch.Generator().manual_seed(7)
    images, labels = data.train
    split = {
        "train": (images[:600], labels[:600]),
        "validation": (
            torch.cat([images[600:], data.validation.images]),
            torch.cat([labels[600:], data.validation.labels]),
        ),
        "test": data.test,
    }
    times = {"train": 1, "validation": 3, "test": 6}  # each at so many places
    return {
        name: (
            images.flatten(1)
            if name == "train"
            else anywhere(images.flatten(1).repeat(times[name], 1), generator),
            labels.repeat(times[name]),
        )
        for name, (images, labels) in split.items()
    }


def run(settings, seed):
    """Train on a few digits, with reused layers or with new ones."""
    torch.manual_seed(seed)
    reused, trains_on, moves = WAYS[settings["way"]]
    images, labels = digits()["train"]
    few = torch.cat(
        [
            (labels == digit).nonzero()[:, 0][torch.randperm(58)][
                : settings["labels"] // 10
            ]
            for digit in range(10)
        ]
    )
    images, labels = images[few], labels[few]
    where_they_are = anywhere(images)
    network = new_network(10)
    if reused:
        lm.reuse(network, learned_before(reused, seed), new=["7"])
    if not trains_on:
        network[:-1].requires_grad_(False)
    optimizer = Adam(
        [each for each in network.parameters() if each.requires_grad],
        settings["rate"],
        fused=True,
    )
    for _ in range(STEPS["moved" if moves else "new"]):
        chosen = torch.randint(len(images), (BATCH,))
        seen = anywhere(images[chosen]) if moves else where_they_are[chosen]
        optimizer.zero_grad()
        cross_entropy(network(seen), labels[chosen]).backward()
        optimizer.step()
    return {
        f"{split} accuracy": accuracy(network, *digits()[split])
        for split in ("test", "validation")
    }


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


def title(way, size):
    return f"{way}, {size} labels"


ALTERNATIVES = {
    title(way, size): {"way": way, "labels": size}
    for way in WAYS
    for size in SIZES
}
USUAL = [1e-4, 3e-4, 1e-3, 0.003, 0.01, 0.03]
GRIDS = dict.fromkeys(WAYS, USUAL) | {
    "frozen": [1e-3, 0.003, 0.01, 0.03, 0.1, 0.3],  # a head alone tolerates more
    "moved about": [3e-5, 1e-4, 3e-4, 1e-3, 0.003, 0.01],
}
study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", GRIDS[one["way"]])
        for name, one in ALTERNATIVES.items()
    },
    tuning_seeds=range(100, 105),
    seeds=range(10),
    second_choices=True,
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.02, diverged=0.1, format=".1%", tolerance=0.05, cases=2_160
        ),
        "validation accuracy": Metric(
            matters=0.02, diverged=0.1, format=".1%", tolerance=0.05
        ),
    },
    reference={
        title(way, size): title("frozen" if way == "trained on" else "new", size)
        for way in WAYS
        for size in SIZES
        if way != "new"
    },
    seconds_per_run=0.6,
)

COLORS = {
    "new": "black",
    "frozen": "C0",
    "trained on": "C1",
    "from the middle": "C3",
    "moved about": "C2",
}


def draw(results):
    """Accuracy above, gain below."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.6, 6), sharex=True)
    for number, (way, color) in enumerate(COLORS.items()):
        names = [title(way, size) for size in SIZES]
        means = [results.mean(name, "test accuracy").mean for name in names]
        style = "o--" if way == "new" else "o-"
        above.plot(SIZES, means, style, color=color, markersize=3, label=way)
        if way in ("new", "trained on"):
            continue  # what it is compared with is another
        gains = [results.difference(name, "test accuracy") for name in names]
        below.errorbar(
            [size * (0.86 + 0.06 * number) for size in SIZES],
            [100 * gain.mean for gain in gains],
            [
                [100 * (gain.mean - gain.low) for gain in gains],
                [100 * (gain.high - gain.mean) for gain in gains],
            ],
            fmt="o-",
            color=color,
            markersize=3,
            capsize=2,
        )
    below.axhline(0, color="black", linestyle="--")
    above.legend(loc="upper left")
    above.set_ylabel("test accuracy")
    below.set_ylabel("points above a new network")
    below.set_xscale("log")
    below.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    below.set_xlabel("labeled digits")
    return figure


def numbers(results):
    """How much the frozen layers gain at most, and what was learned before."""
    gains = [
        results.difference(title("frozen", size), "test accuracy")
        for size in SIZES
    ]
    assert all(one.verdict == "better" for one in gains)
    return {
        "most": max(one.mean for one in gains),
        "scribbles": SCRIBBLES,
        "images": SCRIBBLES * OF_EACH,
    }
