"""Labels and targets that are wrong, or come in the wrong order."""

from __future__ import annotations

import torch

from clinic.case import Case
from clinic.faults.registry import fault, hidden, is_flat


@fault("constant-labels")
def one_label(case: Case) -> Case:
    case.targets = (torch.zeros_like(case.targets[0]) + case.targets[0][0], case.targets[1])
    return case


@fault("shifted-labels", "labels-out-of-range")
def from_one(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    return case.with_targets(lambda part: part + 1)


@fault("shuffled-labels")
def shuffled(case: Case) -> Case:
    generator = torch.Generator().manual_seed(3)
    return case.with_targets(lambda part: part[torch.randperm(len(part), generator=generator)])


@fault("shuffled-labels")
def shuffled_and_learned_by_heart(case: Case) -> Case:
    generator = torch.Generator().manual_seed(3)
    case.targets = (
        case.targets[0][torch.randperm(len(case.targets[0]), generator=generator)],
        case.targets[1],
    )
    case.keep(160)
    if is_flat(case):
        case.build = hidden(case, [128, 128])
    case.optimizer, case.rate, case.epochs = torch.optim.Adam, 2e-3, 60
    return case


@fault("noisy-labels")
def half_of_labels_wrong(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    generator = torch.Generator().manual_seed(2)
    noisy = torch.rand(len(case.targets[0]), generator=generator) < 0.55
    other = torch.randint(case.classes, noisy.shape, generator=generator)
    case.targets = (torch.where(noisy, other, case.targets[0]), case.targets[1])
    if is_flat(case) and case.inputs[0].ndim != 3:
        case.build = hidden(case, [128, 128])
    case.optimizer, case.rate, case.epochs = torch.optim.Adam, 2e-3, 2 * case.epochs
    return case


@fault("not-shuffled")
def sorted_by_target(case: Case) -> Case:
    order = case.targets[0].reshape(len(case.targets[0]), -1)[:, 0].argsort()
    case.inputs = (case.inputs[0][order], case.inputs[1])
    case.targets = (case.targets[0][order], case.targets[1])
    case.shuffle = False
    return case


@fault("target-scale")
def large_targets(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    return case.with_targets(lambda part: 3000 * part + 20000)
