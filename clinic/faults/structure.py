"""Networks and optimizers that are put together wrongly."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from torch import Tensor, nn

from clinic.case import Case
from clinic.faults.registry import fault, features, hook, is_flat, layers, weights


@fault("foreign-parameters")
def another_copy(case: Case) -> Case:
    case.optimized = lambda model: copy.deepcopy(model.network).parameters()
    return case


@fault("parameters-not-in-optimizer")
def biases_only(case: Case) -> Case:
    case.optimized = lambda model: [p for p in model.network.parameters() if p.ndim == 1]
    return case


@fault("parameters-not-in-optimizer")
def first_layer_only(case: Case) -> Case:
    case.optimized = lambda model: list(model.network.parameters())[:1]
    return case


class Listed(nn.Module):
    def __init__(self, sizes: list[int], outputs: int) -> None:
        super().__init__()
        self.layers = [nn.Linear(one, other) for one, other in pairwise(sizes)]
        self.head = nn.Linear(sizes[-1], outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        inputs = inputs.flatten(1)
        for layer in self.layers:
            inputs = layer(inputs).relu()
        out: Tensor = self.head(inputs)
        return out


@fault("layers-in-a-list")
def listed(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = lambda: Listed([features(case), 8, 8], case.classes)
    return case


class Detached(nn.Module):
    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(features, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
        self.head = nn.Linear(8, outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(inputs).detach())
        return out


@fault("no-gradient")
def detached(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = lambda: Detached(features(case), case.classes)
    return case


@fault("frozen-parameters")
def all_but_biases_frozen(case: Case) -> Case:
    def freeze(model: Any) -> None:
        for parameter in list(model.network.parameters())[:-1]:
            parameter.requires_grad_(False)

    return hook(case, freeze)


@fault("identical-units")
def zeros(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None

    def fill(model: Any) -> None:
        for weight in model.network.parameters():
            nn.init.zeros_(weight)

    return hook(case, fill)


@fault("identical-units")
def constants(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None

    def fill(model: Any) -> None:
        for weight in weights(model.network):
            nn.init.constant_(weight, 0.05)

    return hook(case, fill)


@fault("evaluation-mode")
def left_in_evaluation(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = layers(case, 48, lambda: [nn.BatchNorm1d(48), nn.ReLU(), nn.Dropout(0.3)])
    return hook(case, lambda model: model.network.eval())


@fault("conflicting-parts")
def alpha_dropout(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = layers(case, 48, lambda: [nn.ReLU(), nn.AlphaDropout(0.3)])
    return case
