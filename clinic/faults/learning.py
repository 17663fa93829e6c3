"""Too few items, too few units, too little time, or too much that holds back."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch import Tensor, nn

from clinic.case import Case
from clinic.faults.registry import fault, hidden, is_adam, is_flat, layers, with_step
from clinic.training import loss_of


@fault("overfitting")
def few_items(case: Case) -> Case:
    case.keep(40)
    generator = torch.Generator().manual_seed(4)
    if case.task == "classes":
        other = torch.randint(case.classes, (40,), generator=generator)
        noisy = torch.rand(40, generator=generator) < 0.25
        case.targets = (torch.where(noisy, other, case.targets[0]), case.targets[1])
    elif case.task == "binary":
        noisy = torch.rand(40, generator=generator) < 0.15
        case.targets = (torch.where(noisy, 1 - case.targets[0], case.targets[0]), case.targets[1])
    else:
        noise = torch.randn(case.targets[0].shape, generator=generator)
        case.targets = (case.targets[0] + 0.5 * noise, case.targets[1])
    if is_flat(case) and case.inputs[0].ndim != 3:
        case.build = hidden(case, [128, 128])
    case.optimizer, case.rate, case.epochs, case.batch = torch.optim.Adam, 3e-3, 150, 16
    return case


@fault("underfitting")
def one_unit(case: Case) -> Case | None:
    if not is_flat(case) or case.task != "classes":
        return None
    case.build = hidden(case, [1, 16])
    return case


@fault("over-regularization")
def heavy_decay(case: Case) -> Case:
    if is_adam(case):
        case.optimizer = partial(torch.optim.AdamW, weight_decay=0.5 / case.rate / 10)
    else:
        case.optimizer = partial(torch.optim.SGD, momentum=0.9, weight_decay=1.0)
    return case


@fault("over-regularization")
def heavy_penalty(case: Case) -> Case:
    def loss(model: Any, out: Tensor, y: Tensor) -> Tensor:
        squares = [weight.square().sum() for weight in model.network.parameters()]
        return loss_of(case, out, y) + torch.stack(squares).sum()

    return with_step(case, loss)


@fault("over-regularization")
def heavy_dropout(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = layers(
        case,
        24,
        lambda: [nn.ReLU(), nn.Dropout(0.95), nn.Linear(24, 24), nn.ReLU(), nn.Dropout(0.95)],
    )
    return case


@fault("stopped-too-early")
def impatient(case: Case) -> Case:
    case.rate /= 8
    case.callbacks.append(partial(EarlyStopping, "val_loss", patience=1, min_delta=0.5))
    return case


@fault("stopped-too-early", "rate-too-low")
def one_short_epoch(case: Case) -> Case:
    case.epochs = 1
    case.options["limit_train_batches"] = 12
    return case


@fault("small-batch-statistics")
def pairs(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = layers(
        case,
        24,
        lambda: [nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 24), nn.BatchNorm1d(24), nn.ReLU()],
    )
    case.batch, case.epochs = 2, 3
    case.keep(600)
    return case
