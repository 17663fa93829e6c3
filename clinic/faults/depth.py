"""Signals that are lost or grow from layer to layer."""

from __future__ import annotations

from typing import Any

from torch import nn

from clinic.case import Case
from clinic.faults.registry import fault, hidden, hook, is_flat, weights


@fault("vanishing-gradients")
def deep_sigmoid(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = hidden(case, [24] * 10, nn.Sigmoid)
    return case


@fault("vanishing-gradients")
def deep_and_small(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = hidden(case, [24] * 15)
    return case


@fault("exploding-gradients", "bad-initialization")
def deep_and_large(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = hidden(case, [24] * 10)

    def enlarge(model: Any) -> None:
        for weight in weights(model.network):
            nn.init.normal_(weight, std=1.5)

    return hook(case, enlarge)


@fault("bad-initialization", "exploding-gradients", "saturated-units")
def large_weights(case: Case) -> Case | None:
    if not is_flat(case):
        return None

    def enlarge(model: Any) -> None:
        for weight in weights(model.network):
            nn.init.normal_(weight, std=8.0)

    return hook(case, enlarge)


@fault("dead-units")
def dead_from_birth(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None
    case.build = hidden(case, [32, 32])

    def lower(model: Any) -> None:
        for module in list(model.network.modules())[:-1]:
            if isinstance(module, nn.Linear):
                nn.init.constant_(module.bias, -8.0)

    return hook(case, lower)


@fault("saturated-units", "bad-initialization")
def saturated(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = hidden(case, [32, 32], nn.Tanh)

    def enlarge(model: Any) -> None:
        for weight in weights(model.network)[:-1]:
            weight.data.mul_(60)

    return hook(case, enlarge)
