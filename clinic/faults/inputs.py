"""Inputs that no network takes well."""

from __future__ import annotations

import math

import torch

from clinic.case import Case
from clinic.faults.registry import fault


@fault("raw-inputs")
def raw(case: Case) -> Case | None:
    if case.tokens:
        return None
    return case.with_inputs(lambda part: 60 * part + 120)


@fault("raw-inputs")
def one_wide_feature(case: Case) -> Case | None:
    if case.inputs[0].ndim != 2 or case.tokens:
        return None
    return case.with_inputs(lambda part: torch.cat([3000 * part[:, :1] + 5000, part[:, 1:]], dim=1))


@fault("double-normalization")
def divided_twice(case: Case) -> Case | None:
    if case.tokens:
        return None
    return case.with_inputs(lambda part: (part * 0.25 + 0.5) / 255)


@fault("nan-inputs")
def a_nan(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = (case.inputs[0].clone(), case.inputs[1])
    case.inputs[0].reshape(len(case.inputs[0]), -1)[17, 0] = math.nan
    return case


@fault("constant-inputs")
def one_item(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = (case.inputs[0][:1].expand_as(case.inputs[0]).clone(), case.inputs[1])
    return case
