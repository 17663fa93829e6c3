"""From how many labels on does a network do without the layers of another one?

Pullover against T-shirt, three reused layers that have learned the eight other
classes. Above: test accuracy, mean of ten seeds. Below: how many points more
than a network trained from scratch on the same images, with the 95% interval of
the ten differences. An interval that reaches 0 leaves open whether reuse helps;
one below 0 says that it harms. Each way has its own best learning rate.
"""

from functools import cache, partial

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy
from torch.optim import Adam

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

SIZES = [10, 20, 50, 200, 1_000, 2_000]
GRIDS = {  # half a decade apart, each around where this way learns best
    "scratch": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3],
    "frozen": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0],
    "fine-tuned": [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1],
    "gradual": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3],
}


@cache
def fashion(split):
    """Task A, eight classes, and task B: is it a pullover?"""
    images, labels = getattr(lm.FashionMNIST(), split)
    is_b = (labels == 0) | (labels == 2)
    number = torch.tensor([-1, 0, -1, 1, 2, 3, 4, 5, 6, 7])
    task_a = images[~is_b], number[labels[~is_b]]
    return task_a, (images[is_b], (labels[is_b] == 2).long())


@cache
def eight_classes(seed):
    """Three layers and a head that have learned task A, 44,000 images."""
    images, labels = fashion("train")[0]
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 8])
    lm.initialize(network)
    optimizer = Adam(network.parameters(), fused=True)
    for chosen in torch.randperm(len(images)).repeat(3).split(100):
        optimizer.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        optimizer.step()
    return network


def run(settings, seed):
    """Learn task B from a few labels, as many of either class, in 400 steps."""
    torch.manual_seed(1_000 + seed)
    images, labels = fashion("train")[1]
    few = torch.cat(
        [
            (labels == label).nonzero()[:, 0][
                torch.randperm(5_000)[: settings["labels"] // 2]
            ]
            for label in (0, 1)
        ]
    )
    epoch = few.repeat(2_000 // len(few))  # the same images, as often as it takes
    train = lm.InMemoryBatches(
        images[epoch], labels[epoch], 20, shuffle=True, seed=seed
    )

    network = lm.MLP([784, 100, 100, 100, 2])
    lm.initialize(network)
    callbacks = []
    if settings["way"] != "scratch":
        lm.reuse(network, eight_classes(seed), new=["7"])
    if settings["way"] == "frozen":
        network[:-1].requires_grad_(False)
    if settings["way"] == "gradual":
        # The head alone in the first epoch, then one layer more in each.
        layers = ["network.5", "network.3", "network.1"]
        callbacks = [lm.GradualUnfreezing(layers)]
    model = lm.Classifier(network, partial(Adam, lr=settings["rate"], fused=True))
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=callbacks)
    trainer.fit(model, train, batches("validation"))
    validation = trainer.callback_metrics["val/accuracy"].item()
    trainer.test(model, batches("test"))
    return {
        "test accuracy": trainer.callback_metrics["test/accuracy"].item(),
        "validation accuracy": validation,
    }


def batches(split):
    return lm.InMemoryBatches(*fashion(split)[1], batch_size=500)


ALTERNATIVES = {
    f"{way}, {size} labels": {"way": way, "labels": size}
    for way in GRIDS
    for size in SIZES
}
study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", GRIDS[one["way"]])
        for name, one in ALTERNATIVES.items()
    },
    tuning_seeds=[100, 101, 102],
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
    reference={
        name: f"scratch, {one['labels']} labels"
        for name, one in ALTERNATIVES.items()
        if one["way"] != "scratch"
    },
    seconds_per_run=0.8,
)

COLORS = {
    "scratch": "black",
    "frozen": "C0",
    "fine-tuned": "C1",
    "gradual": "C2",
}


def draw(results):
    """Accuracy above, gain over scratch below."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(6.6, 6), sharex=True)
    for way, color in COLORS.items():
        names = [f"{way}, {size} labels" for size in SIZES]
        means = [results.mean(name, "test accuracy").mean for name in names]
        style = "--" if way == "scratch" else "-"
        above.plot(
            SIZES, means, style, color=color, marker="o", markersize=3, label=way
        )
        if way == "scratch":
            continue
        gains = [results.difference(name, "test accuracy") for name in names]
        shift = {"frozen": 0.93, "fine-tuned": 1, "gradual": 1.07}[way]
        below.errorbar(
            [size * shift for size in SIZES],
            [100 * gain.mean for gain in gains],
            [
                [100 * (g.mean - g.low) for g in gains],
                [100 * (g.high - g.mean) for g in gains],
            ],
            fmt="o-",
            color=color,
            markersize=3,
            capsize=2,
        )
    below.axhline(0, color="black", linestyle="--")
    above.legend(loc="lower right")
    above.set_ylabel("test accuracy")
    below.set_ylabel("points above scratch")
    below.set_xscale("log")
    below.set_xticks(SIZES, [f"{size:,}" for size in SIZES])
    below.set_xlabel("labelled images of the new task")
    return figure


def numbers(results):
    """Best and worst seeds; how many gains and losses clear 0, and where."""
    lowest, highest = {}, {}
    for name in ALTERNATIVES:
        accuracies = results.metric(name, "test accuracy")
        lowest[name], highest[name] = (
            float(accuracies.min()),
            float(accuracies.max()),
        )
    gain = {
        (one["way"], one["labels"]): results.difference(name, "test accuracy")
        for name, one in ALTERNATIVES.items()
        if one["way"] != "scratch"
    }
    many = [one for (_, size), one in gain.items() if size >= 20]
    assert all(one.low <= 0 for one in many), "no sure gain from 20 labels on"
    assert gain["frozen", 2_000].high < 0, "frozen layers harm with many labels"
    return {
        "lowest": lowest,
        "highest": highest,
        "gains": sum(one.low > 0 for one in gain.values()),
        "losses": sum(one.high < 0 for one in gain.values()),
        "decided": sum(
            one.verdict in ("better", "worse") for one in gain.values()
        ),
        "asked": len(gain),
        "best from 20 on": max(one.mean for one in many),
        "frozen harms from": min(
            size
            for (way, size), difference in gain.items()
            if way == "frozen" and difference.high < 0
        ),
    }
