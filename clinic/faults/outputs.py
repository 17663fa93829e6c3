"""Outputs, loss and targets that do not go together."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from clinic.case import Case
from clinic.faults.registry import fault, features, is_adam, is_flat, with_step
from lightning_modules import MLP


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
    case.with_targets(lambda part: part.squeeze(1))
    case.validate = None
    return case


@fault("broadcast-loss")
def all_by_all_by_hand(case: Case) -> Case | None:
    if case.task != "regression":
        return None
    case.with_targets(lambda part: part.squeeze(1))
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
