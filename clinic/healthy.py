"""Healthy runs, which only look suspicious: each changes a case and leaves it one that trains well."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import lr_scheduler

from clinic.case import Case
from clinic.faults.registry import Change, features, hidden, hook, is_adam, is_flat
from clinic.training import loss_of
from lightning_modules import FreezeBatchNorm

HEALTHY: dict[str, Change] = {}


def healthy(change: Change) -> Change:
    HEALTHY[change.__name__] = change
    return change


@healthy
def as_it_is(case: Case) -> Case:
    return case


@healthy
def zero_head(case: Case) -> Case:
    def fill(model: Any) -> None:
        last = [module for module in model.network.modules() if isinstance(module, nn.Linear)][-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    return hook(case, fill)


@healthy
def sigmoid_network(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim > 2:
        return None
    case.build = hidden(case, [32], nn.Sigmoid)
    case.optimizer, case.rate, case.epochs = torch.optim.Adam, 0.02, case.epochs + 8
    return case


@healthy
def high_dropout(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None
    case.build = lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(features(case), 128), nn.ReLU(), nn.Dropout(0.6), nn.Linear(128, case.classes)
    )
    case.optimizer, case.rate, case.epochs = torch.optim.Adam, 5e-3, case.epochs + 8
    return case


@healthy
def clipped_now_and_then(case: Case) -> Case:
    case.options["gradient_clip_val"] = 3.0
    return case


@healthy
def clipped_but_adam(case: Case) -> Case | None:
    if not is_adam(case):
        return None
    case.options["gradient_clip_val"] = 0.05
    return case


@healthy
def huge_first_steps(case: Case) -> Case:
    case.rate *= 2 if not is_adam(case) else 5
    case.schedule, case.interval = partial(lr_scheduler.ExponentialLR, gamma=0.98), "step"
    case.epochs += 4
    return case


@healthy
def frozen_on_purpose(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None
    case.build = lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(features(case), 400), nn.ReLU(), nn.Linear(400, case.classes)
    )

    def freeze(model: Any) -> None:
        model.network[1].requires_grad_(False)

    case.optimizer, case.rate, case.epochs = torch.optim.Adam, 5e-3, case.epochs + 8
    case.optimized = lambda model: [p for p in model.parameters() if p.requires_grad]
    return hook(case, freeze)


@healthy
def imbalanced(case: Case) -> Case | None:
    if case.task == "regression":
        return None
    rare = case.targets[0] == 1
    keep = ~rare | (torch.rand(len(rare), generator=torch.Generator().manual_seed(1)) < 0.25)
    case.inputs = (case.inputs[0][keep], case.inputs[1])
    case.targets = (case.targets[0][keep], case.targets[1])
    case.epochs += 4
    return case


@healthy
def low_rate_long_run(case: Case) -> Case:
    case.rate /= 5
    case.epochs *= 4
    return case


@healthy
def small_batches(case: Case) -> Case:
    case.batch = 8
    case.rate /= 2
    return case


@healthy
def large_batches(case: Case) -> Case:
    case.batch, case.epochs = 128, 3 * case.epochs
    case.rate *= 2 if not is_adam(case) else 1.5
    return case


@healthy
def plain_sgd(case: Case) -> Case | None:
    if is_adam(case):
        return None
    case.optimizer, case.rate, case.epochs = torch.optim.SGD, 5 * case.rate, case.epochs + 5
    return case


@healthy
def decayed(case: Case) -> Case:
    case.optimizer = (
        partial(torch.optim.AdamW, weight_decay=0.05)
        if is_adam(case)
        else partial(torch.optim.SGD, momentum=0.9, weight_decay=5e-4)
    )
    return case


@healthy
def smoothed_labels(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.loss = partial(functional.cross_entropy, label_smoothing=0.1)
    return case


@healthy
def some_wrong_labels(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    generator = torch.Generator().manual_seed(2)
    noisy = torch.rand(len(case.targets[0]), generator=generator) < 0.08
    other = torch.randint(case.classes, noisy.shape, generator=generator)
    case.targets = (torch.where(noisy, other, case.targets[0]), case.targets[1])
    return case


@healthy
def accumulated(case: Case) -> Case:
    case.options["accumulate_grad_batches"] = 2
    case.epochs += 6
    return case


@healthy
def cosine(case: Case) -> Case:
    case.schedule = partial(lr_scheduler.CosineAnnealingLR, T_max=case.epochs)
    return case


@healthy
def one_cycle(case: Case) -> Case:
    steps = case.epochs * -(-len(case.inputs[0]) // case.batch)
    case.schedule = partial(lr_scheduler.OneCycleLR, max_lr=2 * case.rate, total_steps=steps)
    case.interval = "step"
    return case


@healthy
def plateau(case: Case) -> Case:
    case.schedule = partial(lr_scheduler.ReduceLROnPlateau, patience=3)
    return case


@healthy
def nll_of_log_softmax(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.loss = lambda out, y: functional.nll_loss(functional.log_softmax(out, dim=1), y)
    return case


@healthy
def bce_of_sigmoid(case: Case) -> Case | None:
    if case.task != "binary":
        return None
    case.loss = lambda out, y: functional.binary_cross_entropy(out.sigmoid().squeeze(1), y)
    return case


@healthy
def huber(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.loss = functional.huber_loss
    return case


@healthy
def absolute(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.loss = functional.l1_loss
    case.epochs += 5
    return case


@healthy
def squares_by_hand(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.loss = lambda out, y: (out - y).pow(2).mean()
    return case


@healthy
def stopped_in_time(case: Case) -> Case:
    case.epochs *= 2
    case.callbacks.append(partial(EarlyStopping, "val_loss", patience=5))
    return case


@healthy
def somewhat_raw(case: Case) -> Case | None:
    if case.tokens or case.inputs[0].ndim == 3:
        return None
    case.with_inputs(lambda part: 2.5 * part + 1)
    if not is_adam(case):
        case.rate /= 5
    case.epochs += 6
    return case


@healthy
def raw_and_normalized_first(case: Case) -> Case | None:
    if case.inputs[0].ndim != 2 or case.tokens:
        return None
    case.with_inputs(lambda part: 50 * part + 100)
    build, size = case.build, features(case)
    case.build = lambda: nn.Sequential(nn.BatchNorm1d(size), build())
    return case


@healthy
def noisy_inputs(case: Case) -> Case | None:
    if case.tokens:
        return None

    def step(model: Any, batch: Any) -> Tensor:
        return loss_of(case, model(batch[0] + 0.3 * torch.randn_like(batch[0])), batch[1])

    case.step = step
    return case


@healthy
def frozen_batch_norm(case: Case) -> Case | None:
    if "convolutional" not in case.family or "digits" not in case.family:
        return None
    case.callbacks.append(FreezeBatchNorm)
    return case


@healthy
def half_precision(case: Case) -> Case:
    case.options["precision"] = "bf16-mixed"
    return case


@healthy
def without_validation(case: Case) -> Case:
    case.options["limit_val_batches"] = 0
    return case


@healthy
def wide(case: Case) -> Case | None:
    if not is_flat(case) or case.inputs[0].ndim == 3:
        return None
    case.build = hidden(case, [256])
    case.optimizer, case.rate = torch.optim.Adam, 2e-3
    case.epochs += 5
    return case


Make = Callable[[], Case]
