"""Do the defaults hold: is any alternative that the chapter names better?

Test accuracy when one part of a recipe is replaced, minus that of the recipe
itself: means of paired differences and 95% intervals over ten seeds, at the
learning rate that is best for each. Left two hidden layers, right twenty. Blue,
Fashion-MNIST; green, handwritten digits. Right of the line the alternative is
better than the default, left of it worse; a "<" lies farther left than the
figure goes. Upper part: the general recipe; lower part: the self-normalizing
one. The band is one point, which is what matters. Mind the general recipe's
twenty layers on digits: a few images chose its rate, so what is compared with
it looks better than it may be.
"""

import math
import re
import statistics

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam, AdamW, NAdam, RMSprop

import lightning_modules as lm
from verified_docs.study import Metric, Study, Tune

DEPTHS = {"shallow": 2, "deep": 20}
# training images, batch size, steps, steps between two looks, the target
DATA = {
    "clothes": (lm.FashionMNIST, 12_800, 64, 300, 20, 0.8),
    "digits": (lm.Digits, 1_257, 32, 200, 20, 0.9),
}
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
    "Nadam": lambda weights, rate: NAdam(weights, rate),
    "RMSProp": lambda weights, rate: RMSprop(weights, rate, alpha=0.9),
}
MOMENTUM = ("Nesterov", "momentum")  # the others divide by the gradient's size
SCHEDULES = {
    "1cycle": lambda optimizer, steps: lm.OneCycle(
        optimizer, total_steps=steps, momentum=None
    ),
    "performance": lambda optimizer, steps: lm.Plateau(optimizer, patience=2),
    "constant": lambda optimizer, steps: None,
}
RECIPES = {  # the parts of each, for shallow networks and, if another, for deep
    "general": {
        "initializer": "he",
        "activation": {"shallow": "ReLU", "deep": "Swish"},
        "normalization": {"shallow": "none", "deep": "batch"},
        "regularization": "none",
        "optimizer": "Nesterov",
        "schedule": "1cycle",
    },
    "self-normalizing": {
        "initializer": "lecun",
        "activation": "SELU",
        "normalization": "none",
        "regularization": "none",
        "optimizer": "Nesterov",
        "schedule": "1cycle",
    },
}
OTHERS = {  # what each part is compared with
    "general": {
        "initializer": ["glorot", "lecun", "torch"],
        "activation": list(ACTIVATIONS),
        "normalization": list(NORMALIZATIONS),
        "optimizer": list(OPTIMIZERS),
        "schedule": list(SCHEDULES),
    },
    "self-normalizing": {
        "initializer": ["he"],
        "normalization": ["batch"],
        "regularization": ["alpha dropout", "dropout"],
        "optimizer": ["AdamW"],
        "schedule": ["performance", "constant"],
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
    source, size, batch, total, pause, target = DATA[settings["data"]]
    data = source()
    torch.manual_seed(seed)
    chosen = torch.randperm(len(data.train.images))[:size]
    images, labels = data.train.images[chosen], data.train.labels[chosen]
    unseen, answers = (part[:2_000] for part in data.validation)
    network = network_of(settings, images[0].numel())
    optimizer = OPTIMIZERS[settings["optimizer"]](
        network.parameters(), settings["rate"]
    )
    schedule = SCHEDULES[settings["schedule"]](optimizer, total)
    reached, order = math.inf, torch.empty(0, dtype=torch.int64)
    for step in range(1, total + 1):
        if len(order) < batch:
            order = torch.randperm(len(images))
        picked, order = order[:batch], order[batch:]
        optimizer.zero_grad()
        loss = cross_entropy(network(images[picked]), labels[picked])
        if not loss.isfinite():
            return dict.fromkeys(METRICS, math.nan)
        loss.backward()
        optimizer.step()
        if step % pause == 0:
            loss, accuracy = measured(network, unseen, answers)
            if accuracy >= target:
                reached = min(reached, step)
        if isinstance(schedule, lm.Plateau):
            if step % pause == 0 and math.isfinite(loss):
                schedule.step(loss)
        elif schedule is not None:
            schedule.step()
    loss, accuracy = measured(network, *data.test)
    return {
        "test accuracy": accuracy if math.isfinite(loss) else math.nan,
        "validation accuracy": measured(network, *data.validation)[1]
        if math.isfinite(loss)
        else math.nan,
        "steps to target": float(min(reached, total)),
    }


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
        lm.add_dropout(network, 0.05, dropout=nn.AlphaDropout)
    if settings["regularization"] == "dropout":
        lm.add_dropout(network, 0.05, dropout=nn.Dropout)
    return network


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
TEST_IMAGES = {
    name: 360 if settings["data"] == "digits" else 10_000
    for name, settings in ALTERNATIVES.items()
}
# its rate was chosen badly: few validation images, and another tuned as well
MISTUNED = default("general", "deep", "digits")

RATES = [1e-4, 3e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]


def grid(settings):
    """Six rates, half a decade apart, around where the best should be."""
    if settings["optimizer"] not in MOMENTUM:
        if settings["normalization"] == "batch":
            return RATES[1:7]  # which bears more
        return RATES[:6]  # divided by the gradient's size
    if (settings["activation"], settings["depth"]) == ("SELU", "deep"):
        return RATES[1:7]  # gradients that grow from layer to layer
    return RATES[3:]


study = Study(
    run=run,
    alternatives=ALTERNATIVES,
    tune={
        name: Tune("rate", grid(settings))
        for name, settings in ALTERNATIVES.items()
    },
    tuning_seeds=[100, 101],
    seeds=range(10),
    choose="validation accuracy",
    metrics={
        "test accuracy": Metric(
            matters=0.01,
            asks="no worse",
            failed=0.2,
            diverged=0.1,
            format=".1%",
            tolerance=0.03,
            cases=TEST_IMAGES,
        ),
        "validation accuracy": Metric(
            matters=0.01, diverged=0.1, format=".1%", tolerance=0.05
        ),
        "steps to target": Metric(
            matters=50,
            better="lower",
            diverged=300,
            format=",.0f",
            tolerance=200,
        ),
    },
    reference=REFERENCE,
    cells=CELLS,
    seconds_per_run=1,
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
            (-0.15, "clothes", "C0"),
            (0.15, "digits", "C2"),
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
    """For each cell its verdict, and the alternative that came out highest."""
    verdicts, highest, better, worse = {}, {}, {}, {}
    default_of, speed, fastest, rates, widest = {}, {}, {}, {}, {}
    for recipe in RECIPES:
        for part, others in OTHERS[recipe].items():
            for depth in DEPTHS:
                cell = f"{recipe}, {part}, {depth}"
                default_of[cell] = said(parts_of(recipe, depth)[part])
                found = {
                    (other, data): results.difference(
                        title(recipe, part, other, depth, data), "test accuracy"
                    )
                    for other in others
                    for data in DATA
                    if other != parts_of(recipe, depth)[part]
                }
                verdicts[cell] = of_cell(results, cell)
                for kind, kept in (("better", better), ("worse", worse)):
                    kept[cell] = listed(found, kind)
                names = {
                    other: [title(recipe, part, other, depth, on) for on in DATA]
                    for other in others
                    if other != parts_of(recipe, depth)[part]
                }
                usual = [default(recipe, depth, on) for on in DATA]
                speed[cell], fastest[cell] = quickest(results, usual, names)
                rates[cell], widest[cell] = most_forgiving(results, usual, names)
                for data in DATA:
                    other, one = max(
                        (
                            (other, one)
                            for (other, on), one in found.items()
                            if on == data
                        ),
                        key=lambda pair: pair[1].mean,
                    )
                    highest[f"{cell}, {data}"] = (
                        f"{said(other)}: {100 * one.mean:+.1f} "
                        f"({100 * one.low:+.1f} to {100 * one.high:+.1f})"
                    )
    assert verdicts["general, activation, deep"] == f"better alternative{MARK}"
    assert better["general, activation, deep"].startswith("ELU (clothes and")
    assert verdicts["self-normalizing, initializer, deep"] == "better"
    rests = [cell for cell in CELLS if verdicts[cell].endswith(MARK)]
    assert rests == [cell for cell in CELLS if re.match("general.*deep", cell)]
    assert not any(verdicts[cell].startswith("safe") for cell in rests)
    for recipe in RECIPES:
        norm = widest[f"{recipe}, normalization, shallow"]
        assert norm.startswith("batch norm: ")
    shallow = "general, schedule, shallow"
    assert fastest[shallow].startswith("performance")
    assert verdicts[shallow] == "safe"
    for data in DATA:
        plateau, constant = (
            results.metric(
                title("general", "schedule", other, "deep", data), "test accuracy"
            )
            for other in ("performance", "constant")
        )
        assert (plateau == constant).all()
    return {
        "card": card(default_of, verdicts, better),
        "tables": {
            recipe: table(
                [
                    "Part",
                    "Takes",
                    "Verdict",
                    *(
                        f"{data.capitalize()}: highest alternative"
                        for data in DATA
                    ),
                ],
                recipe,
                lambda cell: [
                    default_of[cell],
                    f"**[{verdicts[cell]}](#figure-guidelines)**",
                    *(highest[f"{cell}, {data}"] for data in DATA),
                ],
            )
            for recipe in RECIPES
        },
        "quick": {
            recipe: table(
                [
                    "Part",
                    "Steps",
                    "Quickest alternative",
                    "Rates that do",
                    "Most forgiving alternative",
                ],
                recipe,
                lambda cell: [
                    speed[cell],
                    fastest[cell],
                    rates[cell],
                    widest[cell],
                ],
            )
            for recipe in RECIPES
        },
        "verdicts": verdicts,
        "better": better,
        "worse": worse,
        "speed": speed,
        "fastest": fastest,
        "rates": rates,
        "widest": widest,
        "forgiving": {
            f"{recipe}, batch norm": widest[
                f"{recipe}, normalization, shallow"
            ].removeprefix("batch norm: ")
            for recipe in RECIPES
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
        "matters": f"{study.metrics['steps to target'].matters:.0f}",
        "count": {
            word: sum(one.removesuffix(MARK) == word for one in verdicts.values())
            for word in ("better", "equal", "safe", "better alternative", "open")
        },
        "mistuned": sum(one.endswith(MARK) for one in verdicts.values()),
        "cells": len(verdicts),
        "images": {name: size for name, (_, size, *_) in DATA.items()},
        "steps": {name: total for name, (_, _, _, total, *_) in DATA.items()},
        "target": {name: f"{target:.0%}" for name, (*_, target) in DATA.items()},
        "shallow": f"{furthest_of_the_shallow(results):.1f}",
    }


WAYS = {"low": -1, "lower": -2, "high": 1, "higher": 2}  # steps on the grid


def cost_of(results, depth, steps):
    """Validation accuracy lost by a rate so many steps off: the median."""
    costs = []
    for name in ALTERNATIVES:
        rates, accuracy = results.tuning_curve(name)
        place = rates.index(results.best(name))
        if f", {depth}, " in name and 0 <= place + steps < len(rates):
            costs.append(accuracy[place] - accuracy[place + steps])
    return float(statistics.median(costs))


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
    "schedule": "is high in the middle and falls to nothing",
}


def card(default_of, verdicts, better):
    """The default recipe in six rows: what to take, and how sure that is."""
    rows = [["Part", "Two layers", "Twenty layers", "What it does"]]
    for part in PAGES:
        row = [linked(part)]
        for depth in DEPTHS:
            cell = f"general, {part}, {depth}"
            if cell not in verdicts:  # there is no other that these runs had
                row.append("early stopping<br>*not compared*")
                continue
            word = verdicts[cell]
            if word.startswith("better alternative"):
                names = " or ".join(re.findall(r"(\w+) \(", better[cell]))
                word = f"better: {names}{MARK * word.endswith(MARK)}"
            row.append(f"{default_of[cell]}<br>*{word}*")
        rows.append([*row, FOR[part]])
    return rows


def table(head, recipe, cells_of):
    """A row for each part of a recipe at each depth."""
    return [
        head,
        *(
            [f"{linked(part)}, {depth}", *cells_of(f"{recipe}, {part}, {depth}")]
            for part in OTHERS[recipe]
            for depth in DEPTHS
        ),
    ]


def linked(part):
    return f"[{part.capitalize()}]({PAGES[part]})"


MARK = " †"


def of_cell(results, cell):
    """Its verdict, marked where it rests on the reference that is mistuned."""
    verdict = results.cells[cell, "test accuracy"].verdict
    word = "better alternative" if verdict == "worse" else verdict
    return word + MARK * any(REFERENCE[one] == MISTUNED for one in CELLS[cell])


def quickest(results, usual, names):
    """Steps to the target: the default's, and the quickest alternative's."""

    def steps(of):
        return [results.mean(name, "steps to target").mean for name in of]

    other = min(names, key=lambda other: sum(steps(names[other])))
    surely = [
        results.difference(name, "steps to target").verdict == "better"
        for name in names[other]
    ]
    told = " and ".join(
        f"{count:.0f}{' (surely fewer)' if sure else ''}"
        for count, sure in zip(steps(names[other]), surely, strict=True)
    )
    return (
        " and ".join(f"{count:.0f}" for count in steps(usual)),
        f"{said(other)}: {told}",
    )


def most_forgiving(results, usual, names):
    """How many rates of the grid do nearly as well as the best."""

    def good(of):
        found = []
        for name in of:
            accuracy = results.tuning_curve(name)[1]
            found.append(int((accuracy > accuracy.max() - 0.03).sum()))
        return found

    other = max(names, key=lambda other: sum(good(names[other])))
    return (
        " and ".join(map(str, good(usual))),
        f"{said(other)}: {' and '.join(map(str, good(names[other])))}",
    )


def said(part):
    """A part as the tables call it."""
    names = {"he": "He", "glorot": "Glorot", "lecun": "LeCun", "torch": "torch's"}
    return {"batch": "batch norm", "layer": "layer norm", **names}.get(part, part)


def furthest_of_the_shallow(results):
    """The largest difference from a default with two layers, in points."""
    return 100 * max(
        abs(results.difference(name, "test accuracy").mean)
        for name in REFERENCE
        if ", shallow, " in name and not name.startswith("schedule")
    )


def listed(found, verdict):
    """The alternatives with this verdict, and on which data."""
    named = {}
    for (other, data), one in found.items():
        if one.verdict == verdict:
            named.setdefault(other, []).append(data)
    return (
        "; ".join(f"{other} ({' and '.join(on)})" for other, on in named.items())
        or "none"
    )
