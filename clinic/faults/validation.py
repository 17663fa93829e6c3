"""Validations that measure something else."""

from __future__ import annotations

import torch
from torch import nn

from clinic.case import Case
from clinic.faults.registry import fault, is_flat, layers


@fault("training-items-in-validation")
def leaked(case: Case) -> Case:
    count = len(case.inputs[1]) // 2
    case.inputs = (case.inputs[0], torch.cat([case.inputs[0][:count], case.inputs[1][count:]]))
    case.targets = (case.targets[0], torch.cat([case.targets[0][:count], case.targets[1][count:]]))
    return case


@fault("validation-mode")
def validated_in_training_mode(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = layers(case, 48, lambda: [nn.ReLU(), nn.Dropout(0.5)])
    case.validate = lambda model: model.train()
    return case


@fault("validation-scale")
def validated_on_another_scale(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = (case.inputs[0], 12 * case.inputs[1] + 4)
    return case
