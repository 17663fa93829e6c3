"""Do the defaults hold, in long runs, with many images and with few?

Test accuracy when one part of a recipe is replaced, minus that of the recipe
itself: means of paired differences and 95% intervals, at the learning rate that
is best for each. Left two hidden layers, right twenty. Blue, 12,800 images of
Fashion-MNIST; green, 2,000 of them. Right of the line the alternative is better
than the default, left of it worse; a "<" lies farther left than the figure goes.
Upper part: the general recipe; lower part: the self-normalizing one. The band is
one point, which is what matters.
"""

import math
import statistics
from copy import deepcopy

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam, AdamW, NAdam, RMSprop

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

DEPTHS = {"shallow": 2, "deep": 20}
STEPS = {"shallow": 2_000, "deep": 1_000}
# training images, the accuracy to reach
DATA = {"many": (12_800, 0.85), "few": (2_000, 0.8)}
BATCH, LOOKS, PATIENCE, SEEN = 64, 40, 10, 1_000
METRICS = ("test accuracy", "validation accuracy", "steps to target")
ACTIVATIONS = {
    "ReLU": nn.ReLU,
    "Swish": nn.SiLU,
    "GELU": nn.GELU,
    "ELU": nn.ELU,
    "SELU": nn.SELU,
}
NORMALIZATIONS = {
    "none": None,
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}
OPTIMIZERS = {
    "Nesterov": lambda weights, rate: SGD(
        weights, rate, momentum=0.9, nesterov=True, fused=True
    ),
    "momentum": lambda weights, rate: SGD(
        weights, rate, momentum=0.9, fused=True
    ),
    "AdamW": lambda weights, rate: AdamW(weights, rate, fused=True),
    "Adam": lambda weights, rate: Adam(weights, rate, fused=True),
    "Nadam": lambda weights, rate: NAdam(weights, rate, foreach=True),
    "RMSProp": lambda weights, rate: RMSprop(
        weights, rate, alpha=0.9, foreach=True
    ),
}
SCHEDULES = {
    "1cycle": lambda optimizer, steps: lm.OneCycle(
        optimizer, total_steps=steps, momentum=None
    ),
    "performance": lambda optimizer, steps: lm.Plateau(optimizer, patience=3),
    "constant": lambda optimizer, steps: None,
}
RECIPES = {  # the parts of each, for shallow networks and, if another, for deep
    "general": {
        "initializer": "he",
        "activation": {"shallow": "ReLU", "deep": "Swish"},
        "normalization": {"shallow": "none", "deep": "batch"},
        "regularization": "early stopping",
        "optimizer": "Nesterov",
        "schedule": "performance",
    },
    "self-normalizing": {
        "initializer": "lecun",
        "activation": "SELU",
        "normalization": "none",
        "regularization": "none",
        "optimizer": "Nesterov",
        "schedule": "performance",
    },
}
OTHERS = {  # what each part is compared with
    "general": {
        "initializer": ["glorot", "lecun", "torch"],
        "activation": list(ACTIVATIONS),
        "normalization": list(NORMALIZATIONS),
        "regularization": ["none", "weight decay", "dropout"],
        "optimizer": list(OPTIMIZERS),
        "schedule": list(SCHEDULES),
    },
    "self-normalizing": {
        "initializer": ["he"],
        "normalization": ["batch"],
        "regularization": ["early stopping", "alpha dropout"],
        "optimizer": ["AdamW"],
        "schedule": ["1cycle", "constant"],
    },
}


def parts_of(recipe, depth, part=None, other=None):
    """A recipe's parts at a depth, one of them replaced."""
    parts = {
        name: value[depth] if isinstance(value, dict) else value
        for name, value in RECIPES[recipe].items()
    }
    return parts | ({part: other} if part else {})


def run(settings, seed):
    """Train once; a run whose loss is not a number any more ends there."""
    size, target = DATA[settings["data"]]
    data, total = lm.FashionMNIST(), STEPS[settings["depth"]]
    torch.manual_seed(seed)
    chosen = torch.randperm(len(data.train.images))[:size]
    images, labels = data.train.images[chosen], data.train.labels[chosen]
    looked_at, to_choose_by = halves(data.validation)
    network = network_of(settings, images[0].numel())
    optimizer = OPTIMIZERS[settings["optimizer"]](
        groups(network, settings), settings["rate"]
    )
    schedule = SCHEDULES[settings["schedule"]](optimizer, total)
    reached, order = total, torch.empty(0, dtype=torch.int64)
    best, kept, since = math.inf, None, 0
    early = settings["regularization"] not in ("none", "alpha dropout")
    for step in range(1, total + 1):
        if len(order) < BATCH:
            order = torch.randperm(len(images))
        picked, order = order[:BATCH], order[BATCH:]
        optimizer.zero_grad()
        loss = cross_entropy(network(images[picked]), labels[picked])
        if not loss.isfinite():
            return dict.fromkeys(METRICS, math.nan)
        loss.backward()
        optimizer.step()
        if step % (total // LOOKS) == 0:
            loss, accuracy = measured(network, *looked_at)
            if accuracy >= target:
                reached = min(reached, step)
            since = 0 if loss < best else since + 1
            if loss < best:
                best, kept = loss, deepcopy(network.state_dict())
            elif early and since == PATIENCE and settings["schedule"] != "1cycle":
                break
            if isinstance(schedule, lm.Plateau) and math.isfinite(loss):
                schedule.step(loss)
        if isinstance(schedule, lm.OneCycle):
            schedule.step()
    if early and kept:
        network.load_state_dict(kept)
    loss, accuracy = measured(network, *data.test)
    if not math.isfinite(loss):
        return dict.fromkeys(METRICS, math.nan)
    return {
        "test accuracy": accuracy,
        "validation accuracy": measured(network, *to_choose_by)[1],
        "steps to target": float(reached),
        "reductions": len(getattr(schedule, "reductions", [])),
    }


def halves(split):
    """What looks are taken at, and what rates are chosen by."""
    images, labels = split
    return (images[:SEEN], labels[:SEEN]), (images[SEEN:], labels[SEEN:])


def network_of(settings, inputs):
    """Built and initialized as the settings say."""
    network = lm.MLP(
        [inputs] + [100] * DEPTHS[settings["depth"]] + [10],
        ACTIVATIONS[settings["activation"]],
        NORMALIZATIONS[settings["normalization"]],
    )
    if settings["initializer"] != "torch":
        lm.initialize(network, settings["initializer"])
    if settings["regularization"] == "alpha dropout":
        lm.add_dropout(network, 0.1, dropout=nn.AlphaDropout)
    if settings["regularization"] == "dropout":
        lm.add_dropout(network, 0.1, dropout=nn.Dropout)
    return network


def groups(network, settings):
    """What the optimizer is given."""
    if settings["regularization"] == "weight decay":
        return lm.decay_groups(network, 0.001)
    return network.parameters()


@torch.no_grad()
def measured(network, images, labels):
    """Loss and accuracy."""
    network.eval()
    scores = network(images)
    network.train()
    right = (scores.argmax(dim=1) == labels).float().mean().item()
    return cross_entropy(scores, labels).item(), right


def title(recipe, part, other, depth, data):
    return f"{part}: {other}, {recipe}, {depth}, {data}"


def default(recipe, depth, data):
    return f"{recipe}, {depth}, {data}"


ALTERNATIVES, REFERENCE = {}, {}
for depth in DEPTHS:
    for data in DATA:
        for recipe in RECIPES:
            name, here = (
                default(recipe, depth, data),
                {"depth": depth, "data": data},
            )
            ALTERNATIVES[name] = parts_of(recipe, depth) | here
            for part, others in OTHERS[recipe].items():
                for other in others:
                    if other != parts_of(recipe, depth)[part]:
                        one = title(recipe, part, other, depth, data)
                        parts = parts_of(recipe, depth, part, other)
                        ALTERNATIVES[one], REFERENCE[one] = parts | here, name
        REFERENCE[default("self-normalizing", depth, data)] = default(
            "general", depth, data
        )

# each part of a recipe at a depth is one question: is any alternative better?
CELLS = {
    f"{recipe}, {part}, {depth}": [
        one
        for other in others
        for data in DATA
        if (one := title(recipe, part, other, depth, data)) in REFERENCE
    ]
    for recipe in RECIPES
    for part, others in OTHERS[recipe].items()
    for depth in DEPTHS
}
RATES = [3e-5, 1e-4, 3e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
SHIFTED = {  # by a step of the grid, where the best rate stood at an end of it
    "activation: ELU, general, shallow, few": -1,
    "activation: SELU, general, shallow, few": -1,
    "normalization: batch, general, shallow, few": -1,
    "optimizer: RMSProp, general, shallow, few": -1,
    "schedule: 1cycle, general, shallow, few": -1,
    "normalization: batch, self-normalizing, shallow, few": -3,
    "regularization: early stopping, self-normalizing, shallow, few": -1,
    "regularization: alpha dropout, self-normalizing, shallow, few": 1,
    "initializer: torch, general, deep, many": -1,
    "activation: SELU, general, deep, few": 1,
    "regularization: alpha dropout, self-normalizing, deep, many": 1,
}


def grid(name, settings):
    """Five rates, half a decade apart, around where the best should be."""
    lowest = 3 + SHIFTED.get(name, 0)
    if settings["optimizer"] not in ("Nesterov", "momentum"):
        # divided by the gradient's size; with batch norm it bears more
        lowest -= 1 if settings["normalization"] == "batch" else 2
    elif (settings["activation"], settings["depth"]) == ("SELU", "deep"):
        lowest -= 1  # gradients that grow from layer to layer
    elif settings["schedule"] == "1cycle" or settings["normalization"] == "batch":
        lowest += 1
    return RATES[lowest : lowest + 5]


study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", grid(name, settings))
        for name, settings in ALTERNATIVES.items()
    },
    tuning_seeds=range(100, 105),
    seeds=range(40),
    least_seeds=10,
    second_choices=True,
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.01,
            asks="no worse",
            failed=0.2,
            diverged=0.1,
            format=".1%",
            tolerance=0.03,
            cases=10_000,
        ),
        "validation accuracy": Metric(
            matters=0.01, diverged=0.1, format=".1%", tolerance=0.05
        ),
        "steps to target": Metric(
            matters=50,
            better="lower",
            diverged=2_000,
            format=",.0f",
            tolerance=200,
        ),
    },
    reference=REFERENCE,
    cells=CELLS,
    seconds_per_run=3,
)


def draw(results):
    """A row for each alternative, a panel for each depth."""
    figure, axes = plt.subplots(1, 2, figsize=(7.4, 8.2), sharey=True)
    rows = [
        (recipe, part, other)
        for recipe in RECIPES
        for part, others in OTHERS[recipe].items()
        for other in others
        if other != RECIPES[recipe][part]
    ]
    for axis, depth in zip(axes, DEPTHS, strict=True):
        for shift, data, color in (
            (-0.15, "many", "C0"),
            (0.15, "few", "C2"),
        ):
            for place, (recipe, part, other) in enumerate(rows):
                name = title(recipe, part, other, depth, data)
                if name not in REFERENCE:
                    continue
                found = results.difference(name, "test accuracy")
                low, high = max(found.low, -0.19), max(found.high, -0.19)
                axis.plot([low, high], [place + shift] * 2, color=color)
                axis.plot(
                    max(found.mean, -0.19),
                    place + shift,
                    "<" if found.mean < -0.19 else "o",
                    color=color,
                    markersize=4,
                )
        axis.axvspan(-0.01, 0.01, color="black", alpha=0.1, linewidth=0)
        axis.axvline(0, color="black", linewidth=0.8, zorder=0)
        axis.axhline(
            sum(recipe == "general" for recipe, *_ in rows) - 0.5,
            color="black",
            linewidth=0.8,
        )
        axis.set(
            title=depth,
            xlabel="test accuracy, minus the default's",
            xlim=(-0.2, 0.1),
        )
    axes[0].set_yticks(
        range(len(rows)), [f"{part}: {other}" for _, part, other in rows]
    )
    axes[0].invert_yaxis()
    return figure


def numbers(results):
    """For each cell its verdict; what rates cost; how fast, how forgiving."""
    verdicts = {cell: of_cell(results, cell) for cell in CELLS}
    return {
        "card": card(results, verdicts),
        "verdicts": verdicts,
        "count": {
            word: list(verdicts.values()).count(word)
            for word in ("better", "equal", "safe", BEATEN, "open", IDLE)
        },
        "cells": len(verdicts),
        "steady": min(
            results.steadiness("test accuracy").cells[cell]
            for cell in CELLS
            if verdicts[cell] not in ("open", IDLE)
        ),
        "quick": {recipe: quick(results, recipe) for recipe in RECIPES},
        "rates": {
            f"{norm}, {depth}": [
                good_rates(
                    results,
                    title("general", "normalization", norm, depth, data)
                    if norm != parts_of("general", depth)["normalization"]
                    else default("general", depth, data),
                )
                for data in DATA
            ]
            for norm in NORMALIZATIONS
            for depth in DEPTHS
        },
        "off": {
            f"{way}, {depth}": cost_of(results, depth, steps)
            for depth in DEPTHS
            for way, steps in WAYS.items()
        },
        "usual": {
            kind: statistics.median(
                results.best(name)
                for name, settings in ALTERNATIVES.items()
                if (settings["optimizer"] in MOMENTUM) == (kind == "momentum")
            )
            for kind in ("momentum", "adaptive")
        },
        "networks": len(ALTERNATIVES) // len(DEPTHS),
        "near": sum(
            results.lead(name) < study.metrics["test accuracy"].matters
            for name in ALTERNATIVES
        ),
        "choices": len(ALTERNATIVES),
        "images": {name: size for name, (size, _) in DATA.items()},
        "target": {name: f"{target:.0%}" for name, (_, target) in DATA.items()},
        "steps": STEPS,
        "acts": {
            f"{depth}, {data}": float(
                results.metric(
                    default("general", depth, data), "reductions"
                ).mean()
            )
            for depth in DEPTHS
            for data in DATA
        },
        "shallow": f"{furthest_of_the_shallow(results):.1f}",
    }


BEATEN, IDLE = "better alternative", "did not act"


def of_cell(results, cell):
    """Its verdict; none where the schedule never lowered a rate."""
    recipe, part, depth = cell.split(", ")
    acts = [
        results.metric(default(recipe, depth, data), "reductions").mean()
        for data in DATA
    ]
    if part == "schedule" and max(acts) == 0:
        return IDLE
    verdict = results.cells[cell, "test accuracy"].verdict
    return BEATEN if verdict == "worse" else verdict


WAYS = {"low": -1, "lower": -2, "high": 1, "higher": 2}  # steps on the grid
MOMENTUM = ("Nesterov", "momentum")  # the others divide by the gradient's size


def cost_of(results, depth, steps):
    """Validation accuracy lost by a rate so many steps off: the median."""
    costs = []
    for name in ALTERNATIVES:
        rates, accuracy = results.tuning_curve(name)
        place = rates.index(results.best(name))
        if f", {depth}, " in name and 0 <= place + steps < len(rates):
            costs.append(accuracy[place] - accuracy[place + steps])
    return float(statistics.median(costs))


def good_rates(results, name):
    """How many rates of the grid end within three points of the best."""
    accuracy = results.tuning_curve(name)[1]
    return int((accuracy > accuracy.max() - 0.03).sum())


PAGES = {
    "initializer": "gradients/initialization.md",
    "activation": "gradients/activations.md",
    "normalization": "gradients/batch_norm.md",
    "regularization": "regularization/index.md",
    "optimizer": "optimizers/index.md",
    "schedule": "schedules/index.md",
}
FOR = {  # what each part is there for
    "initializer": "keeps the size of the signal from layer to layer",
    "activation": "lets the gradient through",
    "normalization": "lets many layers learn at a usual rate",
    "regularization": "ends training, and goes back to its best epoch",
    "optimizer": "moves the weights; its rate is what to tune first",
    "schedule": "is lowered where the validation loss does not fall",
}


def card(results, verdicts):
    """The default recipe in six rows: what to take, and how sure that is."""
    rows = [["Part", "Two layers", "Twenty layers", "What it does"]]
    for part in PAGES:
        row = [f"[{part.capitalize()}]({PAGES[part]})"]
        for depth in DEPTHS:
            word = verdicts[f"general, {part}, {depth}"]
            if word == BEATEN:
                word = f"better: {' or '.join(winners(results, part, depth))}"
            row.append(f"{said(parts_of('general', depth)[part])}<br>*{word}*")
        rows.append([*row, FOR[part]])
    return rows


def winners(results, part, depth):
    """The alternatives that are better than the default on either data."""
    return [
        said(other)
        for other in OTHERS["general"][part]
        if any(
            results.difference(one, "test accuracy").verdict == "better"
            for data in DATA
            if (one := title("general", part, other, depth, data)) in REFERENCE
        )
    ]


def quick(results, recipe):
    """A row for each part at each depth: how fast, and how forgiving."""
    rows = [["Part", "Steps", "Fewest", "Rates", "Most rates"]]
    for part, others in OTHERS[recipe].items():
        for depth in DEPTHS:
            usual = [default(recipe, depth, data) for data in DATA]
            names = {
                other: [title(recipe, part, other, depth, on) for on in DATA]
                for other in others
                if other != parts_of(recipe, depth)[part]
            }
            rows.append([f"[{part.capitalize()}]({PAGES[part]}), {depth}"])
            for measured_by, best in ((steps_of, min), (rates_of, max)):
                found = {
                    other: measured_by(results, of) for other, of in names.items()
                }
                other = best(found, key=lambda one: sum(found[one]))
                rows[-1] += [
                    both(measured_by(results, usual)),
                    f"{said(other)}: {both(found[other])}",
                ]
    return rows


def steps_of(results, names):
    """To the target, in the mean."""
    return [results.mean(name, "steps to target").mean for name in names]


def rates_of(results, names):
    return [good_rates(results, name) for name in names]


def both(of_data):
    return " and ".join(f"{one:.0f}" for one in of_data)


def said(part):
    """A part as the tables call it."""
    names = {"he": "He", "glorot": "Glorot", "lecun": "LeCun", "torch": "torch's"}
    return {"batch": "batch norm", "layer": "layer norm", **names}.get(part, part)


def furthest_of_the_shallow(results):
    """The largest difference from a default with two layers, in points."""
    return 100 * max(
        abs(results.difference(name, "test accuracy").mean)
        for name in REFERENCE
        if ", shallow, " in name
    )
