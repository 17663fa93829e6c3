"""Which remedy against overfitting helps, alone and together, each at its best?

Test loss (left) and test accuracy (right) on Fashion-MNIST with each remedy,
minus those without any: means of paired differences and 95% intervals over ten
seeds. Circles, 1,000 training images; triangles, the same with a fifth of their
labels drawn anew, so that 18% are wrong ("20% wrong"); squares, all 55,000. The
strength of each is chosen on seeds of their own by validation accuracy. A remedy
that helps lies left of the line in the left panel, and right of it in the right
one.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm
from lightning_modules.regularization.max_norm import clip_unit_norms_
from lightning_modules.regularization.penalties import add_l1_gradient_
from verified_docs.study import Metric, Study, Tune

# images, fraction of labels drawn anew, batch size, epochs, checks of an epoch
DATA = {
    "1,000": (1_000, 0.0, 32, 60, 1),
    "1,000, 20% wrong": (1_000, 0.2, 32, 60, 1),
    "55,000": (55_000, 0.0, 128, 4, 5),
}
RATE = 0.01


def run(settings, seed):
    """Train with one remedy, or with several."""
    size, wrong, batch, epochs, checks = DATA[settings["data"]]
    remedy, strength = settings["remedy"], settings.get("strength", 0.0)
    torch.manual_seed(seed)
    data = lm.FashionMNIST()
    chosen = torch.randperm(len(data.train.images))[:size]
    images, labels = data.train.images[chosen], data.train.labels[chosen].clone()
    noisy = torch.rand(size) < wrong
    labels[noisy] = torch.randint(10, (int(noisy.sum()),))
    network = lm.MLP([784, 100, 100, 100, 10], nn.ReLU)
    lm.initialize(network)
    if remedy in ("dropout", "together"):
        lm.add_dropout(network, strength)
    decay = strength if remedy == "l2" else 1e-3 if remedy == "together" else 0.0
    sgd = torch.optim.SGD(
        lm.decay_groups(network, decay),
        RATE,
        momentum=0.9,
        nesterov=True,
        fused=True,
    )
    weights = [
        layer.weight
        for layer in network.modules()
        if isinstance(layer, nn.Linear)
    ]
    stops = remedy in ("early stopping", "together")
    patience = strength if remedy == "early stopping" else 10
    best, best_state, waited = math.inf, None, 0
    per_epoch = size // batch
    check_at = {
        per_epoch * (number + 1) // checks - 1 for number in range(checks)
    }
    for _ in range(epochs):
        network.train()
        for step, picked in enumerate(
            torch.randperm(size).split(batch)[:per_epoch]
        ):
            sgd.zero_grad()
            cross_entropy(network(images[picked]), labels[picked]).backward()
            if remedy == "l1":
                add_l1_gradient_(weights, strength)
            sgd.step()
            if remedy == "max-norm":
                for weight in weights:
                    clip_unit_norms_(weight, strength)
            if stops and step in check_at:
                loss = measured(network, *data.validation)[0]
                network.train()
                waited = 0 if loss < best else waited + 1
                if loss < best:
                    best = loss
                    best_state = {
                        k: v.clone() for k, v in network.state_dict().items()
                    }
                if waited >= patience:
                    break
        if stops and waited >= patience:
            break
    if best_state is not None:
        network.load_state_dict(best_state)
    loss, accuracy = measured(network, *data.test)
    return {
        "validation accuracy": measured(network, *data.validation)[1],
        "test accuracy": accuracy,
        "test loss": loss,
    }


@torch.no_grad()
def measured(network, images, labels):
    """Loss and accuracy."""
    network.eval()
    scores = network(images)
    right = (scores.argmax(dim=1) == labels).float().mean().item()
    return cross_entropy(scores, labels).item(), right


NEVER = 1000.0
STRENGTHS = {  # at 0, or at what is never reached, it does not act
    "l2": Tune(
        "strength", [0.0, 1e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1], limits=[0.0]
    ),
    "l1": Tune(
        "strength", [0.0, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3], limits=[0.0]
    ),
    "dropout": Tune(
        "strength", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7], limits=[0.0]
    ),
    "max-norm": Tune(
        "strength", [0.25, 0.35, 0.5, 0.7, 1.0, 2.0, NEVER], limits=[NEVER]
    ),
    "early stopping": Tune(
        "strength", [1, 2, 3, 5, 10, 20, 1000], limits=[1, 1000]
    ),
    "together": Tune(
        "strength", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7], limits=[0.0]
    ),
}
PAIRS = [(data, remedy) for data in DATA for remedy in ("none", *STRENGTHS)]


def title(data, remedy):
    return f"{remedy}, {data}"


study = Study(
    run=run,
    alternatives={
        title(*pair): {"data": pair[0], "remedy": pair[1]} for pair in PAIRS
    },
    tune={title(data, remedy): STRENGTHS.get(remedy) for data, remedy in PAIRS},
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "validation accuracy": Metric(
            matters=0.005, format=".1%", tolerance=0.03
        ),
        "test accuracy": Metric(
            matters=0.005, format=".1%", tolerance=0.03, cases=10_000
        ),
        "test loss": Metric(
            matters=0.02, better="lower", format=".2f", tolerance=0.2
        ),
    },
    reference={
        title(data, remedy): title(data, "none")
        for data, remedy in PAIRS
        if remedy != "none"
    },
    seconds_per_run=3,
)


def draw(results):
    """Differences from no remedy, a panel for each metric."""
    figure, axes = plt.subplots(1, 2, figsize=(6.6, 4.4), sharey=True)
    for axis, metric in zip(axes, ("test loss", "test accuracy"), strict=True):
        for shift, data, color, marker in zip(
            (-0.2, 0.0, 0.2), DATA, ("C0", "C1", "C2"), "o^s", strict=True
        ):
            for place, remedy in enumerate(STRENGTHS):
                found = results.difference(title(data, remedy), metric)
                axis.plot(
                    [found.low, found.high], [place + shift] * 2, color=color
                )
                axis.plot(
                    found.mean,
                    place + shift,
                    marker,
                    color=color,
                    markersize=4,
                    label=None if place else data,
                )
        axis.axvline(0, color="black", linewidth=0.8, zorder=0)
        axis.set_xlabel(f"{metric}, minus that of none")
    axes[0].set_yticks(range(len(STRENGTHS)), STRENGTHS)
    axes[0].invert_yaxis()
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3
    )
    return figure


def numbers(results):
    """The remedy with the highest test accuracy on each data set; its gain."""
    best, gain = {}, {}
    for data in DATA:
        found = {
            remedy: results.difference(title(data, remedy), "test accuracy")
            for remedy in STRENGTHS
        }
        best[data] = max(found, key=lambda remedy: found[remedy].mean)
        gain[data] = found[best[data]].mean
        better = [name for name, one in found.items() if one.verdict == "better"]
        assert better == (["together"] if "wrong" in data else [])
    for remedy in STRENGTHS:
        found = results.difference(title("55,000", remedy), "test accuracy")
        assert max(abs(found.low), abs(found.high)) < 0.005
    for data in ("1,000", "1,000, 20% wrong"):
        for remedy in ("l2", "early stopping", "together"):
            loss = results.difference(title(data, remedy), "test loss")
            assert loss.verdict == "better"
    return {"best": best, "gain": gain}
