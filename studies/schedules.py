"""Which learning rate schedule ends best, each with its own best rate?

Test accuracy on Fashion-MNIST (mean and 95% interval, ten seeds) after the same
number of steps of Nesterov momentum, each schedule at the initial or highest
rate that is best for it on seeds of its own. The dashed line is a constant rate,
at its best too, the band the interval of its mean.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

EPOCHS, BATCH = 5, 128
SCHEDULES = {
    "constant": None,
    "power": lambda sgd, steps: lm.PowerDecay(sgd, total_steps=steps),
    "square root": lambda sgd, steps: lm.SquareRootDecay(sgd, total_steps=steps),
    "exponential": lambda sgd, steps: lm.ExponentialDecay(sgd, total_steps=steps),
    "piecewise": lambda sgd, steps: lm.PiecewiseConstant(sgd, total_steps=steps),
    "linear": lambda sgd, steps: lm.LinearDecay(sgd, total_steps=steps),
    "performance": lambda sgd, steps: lm.Plateau(sgd, patience=3),
    "1cycle": lambda sgd, steps: lm.OneCycle(sgd, total_steps=steps),
    "cosine": lambda sgd, steps: lm.CosineDecay(sgd, total_steps=steps),
    "restarts": lambda sgd, steps: lm.CosineRestarts(sgd, total_steps=steps),
    "warm-up, cosine": lambda sgd, steps: lm.Warmup(
        sgd, after=lm.CosineDecay, total_steps=steps
    ),
    "warm-up, linear": lambda sgd, steps: lm.Warmup(
        sgd, after=lm.LinearDecay, total_steps=steps
    ),
}


def run(settings, seed):
    """Train once."""
    data = lm.FashionMNIST()
    images, labels = data.train
    unseen, answers = data.validation
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 10], nn.ReLU)
    lm.initialize(network)
    sgd = torch.optim.SGD(
        network.parameters(),
        settings["rate"],
        momentum=0.9,
        nesterov=True,
        fused=True,
    )
    steps = EPOCHS * (len(images) // BATCH)
    make = SCHEDULES[settings["schedule"]]
    schedule = make(sgd, steps) if make else None
    step = 0
    for _ in range(EPOCHS):
        order = torch.randperm(len(images)).split(BATCH)
        for chosen in order[: len(images) // BATCH]:
            sgd.zero_grad()
            loss = cross_entropy(network(images[chosen]), labels[chosen])
            loss.backward()
            sgd.step()
            step += 1
            if isinstance(schedule, lm.Plateau):
                if step % 100 == 0:
                    schedule.step(loss_on(network, unseen, answers))
            elif schedule is not None:
                schedule.step()
        if not loss.isfinite():
            return {"test accuracy": math.nan, "validation accuracy": math.nan}
    return {
        "test accuracy": accuracy(network, *data.test),
        "validation accuracy": accuracy(network, unseen, answers),
    }


@torch.no_grad()
def loss_on(network, images, labels):
    return cross_entropy(network(images), labels).item()


@torch.no_grad()
def accuracy(network, images, labels):
    return (network(images).argmax(dim=1) == labels).float().mean().item()


study = Study(
    run=run,
    alternatives={name: {"schedule": name} for name in SCHEDULES},
    tune=Tune("rate", [0.003, 0.01, 0.03, 0.1, 0.3]),
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.005,
            diverged=0.1,
            format=".1%",
            tolerance=0.02,
            cases=10_000,
        ),
        "validation accuracy": Metric(
            matters=0.005, diverged=0.1, format=".1%", tolerance=0.02
        ),
    },
    reference="constant",
    seconds_per_run=4,
)


def draw(results):
    """A point and its interval for each schedule."""
    names = results.alternatives[1:]
    figure, axis = plt.subplots(figsize=(6.6, 3.6))
    for place, name in enumerate(names):
        mean = results.mean(name, "test accuracy")
        axis.plot([mean.low, mean.high], [place, place], color="C0", linewidth=2)
        axis.plot(mean.mean, place, "o", color="C0")
    constant = results.mean("constant", "test accuracy")
    axis.axvline(constant.mean, color="black", linestyle="--", linewidth=0.8)
    axis.axvspan(constant.low, constant.high, color="black", alpha=0.1)
    axis.set_yticks(range(len(names)), names)
    axis.invert_yaxis()
    axis.set_xlabel("test accuracy")
    return figure


FALL_TO_ZERO = (
    "linear",
    "1cycle",
    "cosine",
    "restarts",
    "warm-up, cosine",
    "warm-up, linear",
)


def numbers(results):
    """How far above a constant rate, and how far apart among themselves."""
    found = {
        name: results.difference(name, "test accuracy")
        for name in results.alternatives[1:]
    }
    assert all(found[name].verdict == "better" for name in FALL_TO_ZERO)
    gains = [found[name].mean for name in FALL_TO_ZERO]
    return {
        "apart": max(gains) - min(gains),
        "lowest": min(gains),
        "highest": max(gains),
        "decided": sum(one.verdict == "better" for one in found.values()),
        "steps": EPOCHS * (55_000 // BATCH),
    }
