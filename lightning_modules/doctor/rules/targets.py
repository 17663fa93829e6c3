"""Labels and targets."""

import math
import random
from collections import Counter

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.losses import BINARY, CLASSIFICATIONS, REGRESSIONS, entropy
from lightning_modules.doctor.outcome import LITTLE, Outcome
from lightning_modules.doctor.record import Record

_ENOUGH_BATCHES = 5
_ENOUGH_ITEMS = 100
_LARGE = 5.0
_NEARLY = 0.92
_DRAWN = 24
_MANY_ITEMS = 300
_CLEANER, _BY_HEART, _WEAK = 0.2, 0.3, 0.6


def labels_out_of_range(record: Record, outcome: Outcome) -> Finding | None:
    """There are labels for which the network has no score."""
    loss = record.loss
    if loss is None or loss.kind not in CLASSIFICATIONS or not loss.indices:
        return None
    if loss.target_low >= 0 and loss.target_high < loss.outputs:
        return None
    shifted = loss.target_low >= 1 and loss.target_high == loss.outputs
    return Finding(
        "shifted-labels" if shifted else "labels-out-of-range",
        0,
        {"smallest label": loss.target_low, "largest label": loss.target_high, "outputs": loss.outputs},
        "Number the classes from 0, and give the network as many outputs as there are classes.",
        "symptoms/#the-first-minute",
        0.98,
    )


def constant_labels(record: Record, outcome: Outcome) -> Finding | None:
    """All items have the same target."""
    loss = record.loss
    if (
        loss is None
        or loss.batches < _ENOUGH_BATCHES
        or loss.target_low != loss.target_high
        or not loss.alone
    ):
        return None
    if not loss.indices and loss.kind not in BINARY and loss.target_low == 0:
        return None  # what is to vanish, such as the residuals of an equation
    return Finding(
        "constant-labels",
        0,
        {"the only target": loss.target_low, "batches": loss.batches},
        "Look at what the loader gives: every target is the same.",
        "symptoms/#the-first-minute",
        0.93,
    )


def not_shuffled(record: Record, outcome: Outcome) -> Finding | None:
    """The items come sorted by their targets, so that each batch knows a few of them only."""
    loss = record.loss
    if (
        loss is None
        or loss.batches < _ENOUGH_BATCHES
        or loss.target_low == loss.target_high
        or not loss.alone
    ):
        return None
    if record.facts.smallest_batch < 4:
        return None
    within = loss.within / loss.batches
    if loss.indices and within >= 0.5 * entropy(list(loss.counts.values())):
        return None
    overall = mixed_overall(record)
    if not overall > 0 or not within < 0.5 * overall:
        return None
    if loss.kind in REGRESSIONS and not (outcome.is_bad or outcome.falls_short(_NEARLY)):
        return None  # neighbors in time are alike
    return Finding(
        "not-shuffled",
        0,
        {"how mixed a batch is": within, "how mixed all are": overall},
        "Shuffle the training items: DataLoader(..., shuffle=True).",
        "symptoms/#the-first-minute",
        0.9,
    )


def mixed_overall(record: Record) -> float:
    """How mixed a batch of all targets would be, in the measure in which the record says how mixed batches are."""
    loss = record.loss
    if loss is None:
        return math.nan
    if loss.indices:
        draw, size = random.Random(0), max(record.facts.smallest_batch, 1)
        labels, weights = list(loss.counts), list(loss.counts.values())
        drawn = [Counter(draw.choices(labels, weights, k=size)) for _ in range(_DRAWN)]
        return sum(entropy(list(counts.values())) for counts in drawn) / _DRAWN
    if not loss.target_sums:
        return math.nan
    counts, sums, squares = loss.target_sums
    parts = zip(counts, sums, squares, strict=True)
    return sum(square / count - (total / count) ** 2 for count, total, square in parts) / len(counts)


def target_scale(record: Record, outcome: Outcome) -> Finding | None:
    """Targets of a regression are far from what a fresh network answers."""
    loss = record.loss
    if loss is None or loss.kind not in REGRESSIONS or not loss.target_sums or not outcome.is_bad:
        return None
    counts, sums, squares = loss.target_sums
    rms = math.sqrt(sum(squares) / sum(counts))
    mean = abs(sum(sums) / sum(counts))
    if rms < _LARGE:
        return None
    return Finding(
        "target-scale",
        0,
        {"root mean square of targets": rms, "their mean": mean},
        "Standardize the targets, and scale the answers back.",
        "symptoms/#the-loss-falls-slowly",
        0.84 if rms > 3 * _LARGE else 0.7,
    )


def noisy_labels(record: Record, outcome: Outcome) -> Finding | None:
    """Many labels are wrong: new items are answered better than training items can be, or these are learned by heart."""
    loss, learnable = record.loss, record.learnable
    if loss is None or not math.isfinite(outcome.right) or learnable.items < _MANY_ITEMS:
        return None
    unseen, by_heart = outcome.unseen_right, outcome.right - outcome.unseen_right
    cleaner = unseen - max(learnable.skill, outcome.right)
    if not (cleaner > _CLEANER or (by_heart > _BY_HEART and learnable.skill < _WEAK)):
        return None
    return Finding(
        "noisy-labels",
        0,
        {
            "what simple methods learn": learnable.skill,
            "skill in training": outcome.right,
            "on new items": unseen,
        },
        "Look at the training items that cost most; stop early, and smooth the labels.",
        "regularization/",
        0.82 if cleaner > _CLEANER else 0.7,
    )


def shuffled_labels(record: Record, outcome: Outcome) -> Finding | None:
    """Targets have nothing to do with their inputs: simple methods learn nothing of a sample, and nothing else does."""
    learnable = record.learnable
    if learnable.items < _ENOUGH_ITEMS or not math.isfinite(learnable.skill):
        return None
    if learnable.skill > max(3 * learnable.error, 0.03) or not outcome.is_finite:
        return None
    known = outcome.unseen if math.isfinite(outcome.unseen) else outcome.trained
    if not outcome.is_ripe or not known < LITTLE / 2:
        return None
    by_heart = outcome.trained > 2 * LITTLE
    return Finding(
        "shuffled-labels",
        0,
        {
            "what simple methods learn": learnable.skill,
            "skill in training": outcome.trained,
            "on new items": outcome.unseen,
        },
        "See whether items that look alike have the same label, and by which index labels were joined to inputs.",
        "symptoms/#validation-at-chance",
        0.85 if by_heart else 0.72,
    )
