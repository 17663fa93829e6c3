"""Lower the rate, or average the weights: which ends better?

Test accuracy on Fashion-MNIST minus that of a linear decay to 0: means of paired
differences and 95% intervals, each alternative at the rate that is best for it.
All make the same number of steps. Blue, a network of two hidden layers; green,
the same with batch normalization. Left of the line the decay is better. The band
is half a point, which is what matters.
"""

import math
from functools import cache

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

IMAGES, STEPS, BATCH = 12_800, 600, 64
TAIL = STEPS * 3 // 4  # the mean is of what comes after
METRICS = ("test accuracy", "validation accuracy")
SCHEDULES = {
    "constant": None,
    "linear": lm.LinearDecay,
    "warm-up, stable, decay": lm.WarmupStableDecay,
}
AVERAGES = {
    "the last weights": None,
    "EMA 0.9": 0.9,
    "EMA 0.99": 0.99,
    "tail": "mean",
}
NETWORKS = {"plain": None, "batch norm": nn.BatchNorm1d}
ARMS = {  # what each is called: its schedule, and what is measured at its end
    "linear": ("linear", "the last weights"),
    "linear, EMA 0.99": ("linear", "EMA 0.99"),
    "warm-up, stable, decay": ("warm-up, stable, decay", "the last weights"),
    "constant": ("constant", "the last weights"),
    "constant, EMA 0.9": ("constant", "EMA 0.9"),
    "constant, EMA 0.99": ("constant", "EMA 0.99"),
    "constant, mean of the last quarter": ("constant", "tail"),
}


def run(settings, seed):
    """Train once, or take what the same training has ended with before."""
    ends = trained(
        settings["network"], settings["schedule"], settings["rate"], seed
    )
    return dict(zip(METRICS, ends[settings["average"]], strict=True))


@cache
def trained(normalization, schedule, rate, seed):
    """Test and validation accuracy, by what is measured of one run."""
    data = lm.FashionMNIST()
    torch.manual_seed(seed)
    chosen = torch.randperm(len(data.train.images))[:IMAGES]
    images, labels = data.train.images[chosen], data.train.labels[chosen]
    network = lm.MLP([784, 100, 100, 10], nn.ReLU, NETWORKS[normalization])
    lm.initialize(network)
    sgd = torch.optim.SGD(
        network.parameters(), rate, momentum=0.9, nesterov=True, fused=True
    )
    make = SCHEDULES[schedule]
    scheduler = make(sgd, total_steps=STEPS) if make else None
    asked = {average for other, average in ARMS.values() if other == schedule}
    averages = {name: averaged(network, AVERAGES[name]) for name in asked}
    order = torch.empty(0, dtype=torch.int64)
    for step in range(1, STEPS + 1):
        if len(order) < BATCH:
            order = torch.randperm(IMAGES)
        picked, order = order[:BATCH], order[BATCH:]
        sgd.zero_grad()
        loss = cross_entropy(network(images[picked]), labels[picked])
        if not loss.isfinite():
            return dict.fromkeys(asked, (math.nan, math.nan))
        loss.backward()
        sgd.step()
        if scheduler:
            scheduler.step()
        for name, average in averages.items():
            if AVERAGES[name] and (name != "tail" or step > TAIL):
                average.update_parameters(network)
    return {
        name: (accuracy(average, *data.test), accuracy(average, *data.validation))
        for name, average in averages.items()
    }


def averaged(network, kind):
    """An average of this kind, statistics too, or the network itself."""
    if kind is None:
        return network
    how = None if kind == "mean" else get_ema_multi_avg_fn(kind)
    return AveragedModel(network, multi_avg_fn=how, use_buffers=True)


@torch.no_grad()
def accuracy(network, images, labels):
    network.eval()
    return (network(images).argmax(dim=1) == labels).float().mean().item()


def title(arm, network):
    return arm if network == "plain" else f"{arm}, {network}"


ALTERNATIVES = {
    title(arm, network): {
        "network": network,
        "schedule": schedule,
        "average": average,
    }
    for network in NETWORKS
    for arm, (schedule, average) in ARMS.items()
}
study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune=Tune("rate", [0.003, 0.01, 0.03, 0.1, 0.3]),  # half a decade apart
    tuning_seeds=range(100, 105),
    seeds=range(10),
    second_choices=True,
    choose="validation accuracy",
    metrics={
        # half a point, as in the study of the schedules
        "test accuracy": Metric(
            matters=0.005,
            failed=0.2,
            diverged=0.1,
            format=".1%",
            tolerance=0.02,
            cases=10_000,
        ),
        "validation accuracy": Metric(
            matters=0.005, diverged=0.1, format=".1%", tolerance=0.03
        ),
    },
    reference={
        title(arm, network): title("linear", network)
        for network in NETWORKS
        for arm in ARMS
        if arm != "linear"
    },
    seconds_per_run=1,
)


def draw(results):
    """A row for each alternative, both networks in it."""
    figure, axis = plt.subplots(figsize=(5.6, 3.4))
    rows = [arm for arm in ARMS if arm != "linear"]
    for network, shift, color in (
        ("plain", -0.12, "C0"),
        ("batch norm", 0.12, "C2"),
    ):
        for place, arm in enumerate(rows):
            found = results.difference(title(arm, network), "test accuracy")
            height = place + shift
            ends = [100 * found.low, 100 * found.high]
            axis.plot(ends, [height, height], color=color)
            axis.plot(100 * found.mean, height, "o", color=color, markersize=4)
    axis.axvspan(-0.5, 0.5, color="black", alpha=0.1, linewidth=0)
    axis.axvline(0, color="black", linewidth=0.8, zorder=0)
    names = [arm.replace(" of the", "\nof the") for arm in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.invert_yaxis()
    axis.set_xlabel("test accuracy, minus linear decay's, in points")
    return figure


EQUAL = (  # to a linear decay, by less than what matters
    "constant, EMA 0.99",
    "linear, EMA 0.99",
    "linear, EMA 0.99, batch norm",
    "warm-up, stable, decay",
    "warm-up, stable, decay, batch norm",
)


def numbers(results):
    """The run's length, and the images that it learned from."""
    found = {
        name: results.difference(name, "test accuracy").verdict
        for name in ("constant", *EQUAL)
    }
    assert found["constant"] == "worse"
    assert all(found[name] == "equal" for name in EQUAL)
    return {"steps": STEPS, "images": IMAGES}
