"""Faults: what each changes in a case that trains well, and the names that are right for it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import lr_scheduler

from clinic.case import Case
from clinic.training import loss_of
from lightning_modules import MLP

Change = Callable[[Case], Case | None]
FAULTS: dict[str, tuple[tuple[str, ...], Change]] = {}


def fault(*names: str) -> Callable[[Change], Change]:
    def add(change: Change) -> Change:
        FAULTS[change.__name__] = (names, change)
        return change

    return add


def is_adam(case: Case) -> bool:
    return case.optimizer in (torch.optim.Adam, torch.optim.AdamW)


def features(case: Case) -> int:
    return case.inputs[0][0].numel()


def is_flat(case: Case) -> bool:
    """Whether any dense network can take its inputs."""
    return not case.tokens


def hook(case: Case, change: Callable[[Any], None]) -> Case:
    case.hooks.append(change)
    return case


def weights(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.ndim > 1]


def hidden(case: Case, widths: list[int], activation: type[nn.Module] = nn.ReLU) -> Callable[[], nn.Module]:
    return lambda: MLP([features(case), *widths, case.classes], activation)


def with_step(case: Case, loss: Callable[[Any, Tensor, Tensor], Tensor]) -> Case:
    case.step = lambda model, batch: loss(model, model(batch[0]), batch[1])
    return case


# Rates


@fault("rate-too-high")
def far_too_high(case: Case) -> Case:
    case.rate = 1.0 if is_adam(case) else 100 * case.rate
    return case


@fault("rate-too-high")
def too_high(case: Case) -> Case:
    case.rate = 0.3 if is_adam(case) else 30 * case.rate
    return case


@fault("oscillation", "rate-too-high")
def to_and_fro(case: Case) -> Case:
    case.rate *= 12 if not is_adam(case) else 30
    case.batch = 8
    case.inputs = (case.inputs[0][:400], case.inputs[1])
    case.targets = (case.targets[0][:400], case.targets[1])
    return case


@fault("rate-too-low")
def far_too_low(case: Case) -> Case:
    case.rate /= 3000
    return case


@fault("rate-too-low")
def too_low(case: Case) -> Case:
    case.rate /= 300
    return case


# Inputs


@fault("raw-inputs")
def raw(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = tuple(60 * part + 120 for part in case.inputs)  # type: ignore[assignment]
    return case


@fault("raw-inputs")
def one_wide_feature(case: Case) -> Case | None:
    if case.inputs[0].ndim != 2 or case.tokens:
        return None
    case.inputs = tuple(part.clone() for part in case.inputs)  # type: ignore[assignment]
    for part in case.inputs:
        part[:, 0] = 3000 * part[:, 0] + 5000
    return case


@fault("double-normalization")
def divided_twice(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = tuple((part * 0.25 + 0.5) / 255 for part in case.inputs)  # type: ignore[assignment]
    return case


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


# Targets


@fault("constant-labels")
def one_label(case: Case) -> Case:
    case.targets = (torch.zeros_like(case.targets[0]) + case.targets[0][0], case.targets[1])
    return case


@fault("shifted-labels", "labels-out-of-range")
def from_one(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.targets = (case.targets[0] + 1, case.targets[1] + 1)
    return case


@fault("shuffled-labels")
def shuffled(case: Case) -> Case:
    generator = torch.Generator().manual_seed(3)
    case.targets = tuple(  # type: ignore[assignment]
        part[torch.randperm(len(part), generator=generator)] for part in case.targets
    )
    return case


@fault("shuffled-labels")
def shuffled_and_learnt_by_heart(case: Case) -> Case:
    generator = torch.Generator().manual_seed(3)
    case.targets = (
        case.targets[0][torch.randperm(len(case.targets[0]), generator=generator)],
        case.targets[1],
    )
    keep = slice(0, 160)
    case.inputs, case.targets = (
        (case.inputs[0][keep], case.inputs[1]),
        (case.targets[0][keep], case.targets[1]),
    )
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
    case.targets = tuple(3000 * part + 20000 for part in case.targets)  # type: ignore[assignment]
    return case


# Outputs and loss


@fault("softmax-before-cross-entropy")
def softmax_first(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    return with_step(case, lambda model, out, y: functional.cross_entropy(out.softmax(1), y))


@fault("softmax-before-cross-entropy")
def softmax_module(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    build = case.build
    case.build = lambda: nn.Sequential(build(), nn.Softmax(dim=1))
    return case


@fault("sigmoid-before-bce-with-logits")
def sigmoid_first(case: Case) -> Case | None:
    if case.task != "binary":
        return None
    return with_step(
        case,
        lambda model, out, y: functional.binary_cross_entropy_with_logits(torch.sigmoid(out).squeeze(1), y),
    )


@fault("bce-without-sigmoid")
def no_sigmoid(case: Case) -> Case | None:
    if case.task != "binary":
        return None
    case.loss = lambda out, y: functional.binary_cross_entropy(out.squeeze(1), y)
    return case


@fault("nll-without-log-softmax")
def scores_to_nll(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.loss = functional.nll_loss
    return case


@fault("nll-without-log-softmax")
def probabilities_to_nll(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.loss = lambda out, y: functional.nll_loss(out.softmax(1), y)
    return case


@fault("output-activation")
def squashed_output(case: Case) -> Case | None:
    if case.task == "regression":
        return with_step(case, lambda model, out, y: functional.mse_loss(torch.sigmoid(out), y))
    if case.task == "classes":
        return with_step(case, lambda model, out, y: functional.cross_entropy(torch.sigmoid(out), y))
    return with_step(
        case, lambda model, out, y: functional.binary_cross_entropy_with_logits(out.relu().squeeze(1), y)
    )


@fault("single-output")
def one_output(case: Case) -> Case | None:
    if case.task != "classes" or not is_flat(case):
        return None
    case.build = lambda: MLP([features(case), 32, 1])
    case.loss = lambda out, y: functional.binary_cross_entropy_with_logits(out.squeeze(1), y.float())
    return case


@fault("single-output")
def softmax_of_one(case: Case) -> Case | None:
    if case.task != "binary":
        return None
    case.loss = lambda out, y: functional.binary_cross_entropy(out.softmax(1).squeeze(1), y)
    return case


@fault("wrong-loss")
def numbers_of_classes(case: Case) -> Case | None:
    if case.task != "classes" or not is_flat(case) or case.classes < 4:
        return None
    case.build = lambda: MLP([features(case), 32, 1])
    case.loss = lambda out, y: functional.mse_loss(out.squeeze(1), y.float())
    return case


@fault("broadcast-loss")
def all_by_all(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.targets = (case.targets[0].squeeze(1), case.targets[1].squeeze(1))
    case.validate = None
    return case


@fault("broadcast-loss")
def all_by_all_by_hand(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.targets = (case.targets[0].squeeze(1), case.targets[1].squeeze(1))
    case.loss = lambda out, y: ((out - y) ** 2).mean()
    return case


@fault("summed-loss", "rate-too-high")
def summed(case: Case) -> Case | None:
    if is_adam(case):
        return None
    if case.task == "classes":
        case.loss = lambda out, y: functional.cross_entropy(out, y, reduction="sum")
    elif case.task == "regression":
        case.loss = lambda out, y: functional.mse_loss(out, y, reduction="sum")
    else:
        case.loss = lambda out, y: functional.binary_cross_entropy_with_logits(
            out.squeeze(1), y, reduction="sum"
        )
    case.rate *= 4
    return case


@fault("nan-in-the-loss")
def log_of_zero(case: Case) -> Case | None:
    if case.task != "classes":
        return None
    case.loss = lambda out, y: (
        -(functional.one_hot(y, out.shape[1]) * (out.relu() / out.relu().sum(1, keepdim=True)).log()).mean()
    )
    return case


# Structure


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


class Evaluating(nn.Module):
    pass


@fault("evaluation-mode")
def left_in_evaluation(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), 48),
        nn.BatchNorm1d(48),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(48, case.classes),
    )
    return hook(case, lambda model: model.network.eval())


@fault("conflicting-parts")
def alpha_dropout(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), 48),
        nn.ReLU(),
        nn.AlphaDropout(0.3),
        nn.Linear(48, case.classes),
    )
    return case


# Steps


@fault("missing-zero-grad")
def never_zeroed(case: Case) -> Case:
    case.zero = False
    return case


@fault("clipped-always")
def clipped(case: Case) -> Case | None:
    if is_adam(case):
        return None
    case.options["gradient_clip_val"] = 1e-3
    return case


@fault("schedule-interval")
def collapsed(case: Case) -> Case:
    case.schedule = partial(lr_scheduler.StepLR, step_size=2, gamma=0.3)
    case.interval = "step"
    return case


@fault("schedule-interval")
def never_acts(case: Case) -> Case:
    steps = case.epochs * len(case.inputs[0]) // case.batch
    case.schedule = partial(lr_scheduler.OneCycleLR, max_lr=case.rate, total_steps=steps, div_factor=1000)
    return case


# Depth and activations


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


# Learning


@fault("overfitting")
def few_items(case: Case) -> Case:
    keep = slice(0, 40)
    case.inputs = (case.inputs[0][keep], case.inputs[1])
    case.targets = (case.targets[0][keep], case.targets[1])
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
        return loss_of(case, out, y) + 1.0 * sum(
            weight.square().sum() for weight in model.network.parameters()
        )

    return with_step(case, loss)


@fault("over-regularization")
def heavy_dropout(case: Case) -> Case | None:
    if not is_flat(case):
        return None
    case.build = lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), 24),
        nn.ReLU(),
        nn.Dropout(0.95),
        nn.Linear(24, 24),
        nn.ReLU(),
        nn.Dropout(0.95),
        nn.Linear(24, case.classes),
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
    case.build = lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), 24),
        nn.BatchNorm1d(24),
        nn.ReLU(),
        nn.Linear(24, 24),
        nn.BatchNorm1d(24),
        nn.ReLU(),
        nn.Linear(24, case.classes),
    )
    case.batch, case.epochs = 2, 3
    case.inputs = (case.inputs[0][:600], case.inputs[1])
    case.targets = (case.targets[0][:600], case.targets[1])
    return case


# Validation


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
    case.build = lambda: nn.Sequential(
        nn.Flatten(),
        nn.Linear(features(case), 48),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(48, case.classes),
    )
    case.validate = lambda model: model.train()
    return case


@fault("validation-scale")
def validated_on_another_scale(case: Case) -> Case | None:
    if case.tokens:
        return None
    case.inputs = (case.inputs[0], 12 * case.inputs[1] + 4)
    return case
