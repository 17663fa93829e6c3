"""Whether the outputs, the loss and the targets go together. These are facts, whatever comes of them."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.losses import BINARY, REGRESSIONS, is_one_hot
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_PAGE = "symptoms/#the-first-minute"
_BOUNDS = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, math.inf), "softmax": (0.0, 1.0)}
_MOST_CLASSES = 50
_ROUNDING = 1e-4
_NEARLY = 0.92
_SCALE_FREE = {"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "RAdam", "RMSprop"}
"""Their steps are as long for a sum as for a mean."""


def softmax_before_cross_entropy(record: Record, outcome: Outcome) -> Finding | None:
    """Cross entropy takes scores, and was given probabilities."""
    loss = record.loss
    if loss is None or loss.kind != "cross_entropy" or loss.outputs < 2:
        return None
    if loss.before != "softmax" and not (loss.normalized and loss.batches > 1):
        return None
    return Finding(
        "softmax-before-cross-entropy",
        0,
        {"smallest number": loss.input_low, "largest number": loss.input_high},
        "Leave the softmax out: cross_entropy has one of its own.",
        _PAGE,
        0.97,
    )


def sigmoid_before_bce_with_logits(record: Record, outcome: Outcome) -> Finding | None:
    """The loss takes scores, and was given probabilities."""
    loss = record.loss
    if loss is None or loss.kind != "binary_cross_entropy_with_logits":
        return None
    if loss.before not in ("sigmoid", "softmax"):
        return None
    return Finding(
        "sigmoid-before-bce-with-logits",
        0,
        {"smallest number": loss.input_low, "largest number": loss.input_high},
        "Leave the sigmoid out: binary_cross_entropy_with_logits has one of its own.",
        _PAGE,
        0.97,
    )


def bce_without_sigmoid(record: Record, outcome: Outcome) -> Finding | None:
    """The loss takes probabilities, and was given scores."""
    loss = record.loss
    if loss is None or loss.kind != "binary_cross_entropy" or loss.before in ("sigmoid", "softmax"):
        return None
    if loss.input_low >= 0 and loss.input_high <= 1 and loss.before != "relu":
        return None
    return Finding(
        "bce-without-sigmoid",
        0,
        {"smallest number": loss.input_low, "largest number": loss.input_high},
        "Use binary_cross_entropy_with_logits, or put a sigmoid before binary_cross_entropy.",
        _PAGE,
        0.97,
    )


def nll_without_log_softmax(record: Record, outcome: Outcome) -> Finding | None:
    """The loss takes logarithms of probabilities, and was given something else."""
    loss = record.loss
    if loss is None or loss.kind != "nll_loss" or loss.before == "log_softmax" or loss.log_normalized:
        return None
    return Finding(
        "nll-without-log-softmax",
        0,
        {"smallest number": loss.input_low, "largest number": loss.input_high},
        "Use cross_entropy on the scores, or log_softmax before nll_loss.",
        _PAGE,
        0.97,
    )


def single_output(record: Record, outcome: Outcome) -> Finding | None:
    """One output for several classes: its softmax is 1, whatever it says; or class numbers are taken for quantities."""
    loss = record.loss
    if loss is None:
        return None
    alone = loss.kind in ("cross_entropy", "nll_loss") and loss.outputs == 1
    softmax = loss.before == "softmax" and loss.input_low > 1 - _ROUNDING and loss.input_high < 1 + _ROUNDING
    several = (
        loss.kind in BINARY
        and loss.outputs == 1
        and loss.whole_targets
        and loss.target_high - loss.target_low > 1
    )
    if not (alone or softmax or several):
        return None
    return Finding(
        "single-output",
        0,
        {"outputs": 1, "largest target": loss.target_high},
        "Give the network one output for each class and use cross_entropy; for two classes, one output and "
        "binary_cross_entropy_with_logits.",
        _PAGE,
        0.96,
    )


def class_numbers_as_quantities(record: Record, outcome: Outcome) -> Finding | None:
    """A regression of class numbers, which does not get far."""
    loss = record.loss
    if loss is None or loss.kind not in REGRESSIONS or not outcome.is_bad:
        return None
    classes = len(loss.counts)
    is_number = loss.outputs == 1 and loss.whole_targets and 3 <= classes <= _MOST_CLASSES
    if not is_number or loss.target_low < 0 or loss.batches < 3:
        return None
    return Finding(
        "wrong-loss",
        0,
        {"classes": classes, "outputs": 1},
        "If targets are class numbers, give the network an output for each class and use cross_entropy.",
        _PAGE,
        0.8,
    )


def output_activation(record: Record, outcome: Outcome) -> Finding | None:
    """The last activation cannot give what the loss asks for."""
    loss = record.loss
    if loss is None or loss.before not in _BOUNDS:
        return None
    low, high = _BOUNDS[loss.before]
    scores = loss.kind in ("cross_entropy", "binary_cross_entropy_with_logits")
    fits = not (scores and loss.before != "softmax" and loss.outputs > 1)
    if loss.kind == "binary_cross_entropy_with_logits":
        fits = loss.before not in ("relu", "tanh")
    if loss.kind in REGRESSIONS and loss.batches > 1:
        beyond = max(low - loss.target_low, loss.target_high - high)
        width = loss.target_high - loss.target_low
        fits = beyond <= 0.05 * max(width, 1e-12)
    if fits:
        return None
    return Finding(
        "output-activation",
        0,
        {
            "smallest output": loss.input_low,
            "largest output": loss.input_high,
            "smallest target": loss.target_low,
        }
        | {"largest target": loss.target_high},
        f"Leave the {loss.before} behind the last layer out.",
        _PAGE,
        0.94,
    )


def broadcast_loss(record: Record, outcome: Outcome) -> Finding | None:
    """(n, 1) against (n,): every answer is compared with every target."""
    loss = record.loss
    if loss is None or not loss.broadcast or loss.kind not in REGRESSIONS:
        return None
    return Finding(
        "broadcast-loss",
        0,
        {"dimensions of outputs": len(loss.input_shape), "dimensions of targets": len(loss.target_shape)},
        "Give both one shape: outputs.squeeze(1), or targets.unsqueeze(1).",
        _PAGE,
        0.97,
    )


def summed_loss(record: Record, outcome: Outcome) -> Finding | None:
    """The loss is a sum, so that the step grows with the batch."""
    loss = record.loss
    if loss is None or loss.reduction != "sum" or record.facts.smallest_batch < 4:
        return None
    if record.facts.optimizer in _SCALE_FREE:
        return None
    leaps = outcome.is_ripe and outcome.peak > 2 * outcome.start
    if not (outcome.is_bad or leaps or outcome.falls_short(_NEARLY)):
        return None
    return Finding(
        "summed-loss",
        0,
        {"items of a batch": record.facts.smallest_batch},
        "Take the mean: reduction='mean'.",
        _PAGE,
        0.93,
    )


def squared_classes(record: Record, outcome: Outcome) -> Finding | None:
    """A squared difference of probabilities, which has no slope where answers are wrong and sure."""
    loss = record.loss
    if loss is None or loss.kind not in REGRESSIONS or not outcome.is_bad or not is_one_hot(loss):
        return None
    return Finding(
        "wrong-loss",
        0,
        {"columns": loss.outputs},
        "Use cross_entropy on the scores for classes.",
        _PAGE,
        0.66,
    )
