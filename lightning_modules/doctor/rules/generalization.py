"""Training and validation that do not agree, and too little of either."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_FEW_STEPS, _MANY_STEPS = 60, 150
_NARROW = 2
_NEARLY, _FAR_SHORT = 0.92, 0.6
_ALL = 0.95
_RISING, _WIDE, _GAP, _BOTH = 1.25, 0.3, 0.1, 0.15
"""Of a small gap the loss must have risen far, of a wide one less."""
_SINCE = 3


def leaked_items(record: Record, outcome: Outcome) -> Finding | None:
    """Items of validation are training items."""
    if record.validation_items < 20 or not record.shared_items:
        return None
    share = record.shared_items / record.validation_items
    if share < 0.05 or share < 3 * record.repeated_items:
        return None
    return Finding(
        "training-items-in-validation",
        0,
        {"share of the watched items": share, "repeated in training": record.repeated_items},
        "Split the items before anything else, and each of them once.",
        "symptoms/#validation-better-than-training",
        0.93 if share < _ALL else 0.7,
    )


def validation_mode(record: Record, outcome: Outcome) -> Finding | None:
    """Dropout or batch normalization is in training mode in validation."""
    if not record.validations or record.validations[-1].training == 0:
        return None
    return Finding(
        "validation-mode",
        record.validations[-1].step,
        {"modules in training mode": record.validations[-1].training},
        "Leave the modes to Lightning, or call self.eval() before validation.",
        "symptoms/#validation-better-than-training",
        0.9,
    )


def validation_scale(record: Record, outcome: Outcome) -> Finding | None:
    """Validation's inputs have another scale than training's."""
    seen = record.inputs
    if not record.validations or not seen.spread or seen.tokens:
        return None
    last = record.validations[-1]
    spread, mean = sum(seen.spread) / len(seen.spread), sum(seen.mean) / len(seen.mean)
    if not (math.isfinite(last.spread) and spread > 0 and last.spread > 0):
        return None
    factor = max(last.spread / spread, spread / last.spread)
    shift = abs(last.mean - mean) / spread
    far = factor > 4 or shift > 3
    if not far and not ((factor > 2.5 or shift > 1.5) and outcome.trained - outcome.unseen > 0.1):
        return None
    return Finding(
        "validation-scale",
        last.step,
        {"deviation by training's": last.spread / spread, "shift of the mean": shift},
        "Scale both with the training items' mean and deviation.",
        "symptoms/#validation-at-chance",
        0.92,
    )


def overfitting(record: Record, outcome: Outcome) -> Finding | None:
    """The training items are learned by heart: new ones cost more and more."""
    if not math.isfinite(outcome.unseen) or not record.validations or not outcome.is_finite:
        return None
    gap = outcome.trained - outcome.unseen
    best = min(record.validations, key=lambda seen: seen.loss if math.isfinite(seen.loss) else math.inf)
    since = [seen.loss for seen in record.validations if seen.step > best.step and math.isfinite(seen.loss)]
    if len(since) < _SINCE or not best.loss > 0:
        return None
    rising = min(since[-_SINCE:]) / best.loss  # one bad measurement is none
    if outcome.trained < 0.5 or not (
        rising > _RISING and (gap > _WIDE or (gap > _GAP and gap * (rising - 1) > _BOTH))
    ):
        return None
    return Finding(
        "overfitting",
        best.step,
        {
            "skill in training": outcome.trained,
            "on new items": outcome.unseen,
            "loss by the best one": rising,
        },
        "More data, early stopping, dropout or weight decay.",
        "symptoms/#training-good-validation-bad",
        0.85,
    )


def over_regularization(record: Record, outcome: Outcome) -> Finding | None:
    """What holds weights or units back is stronger than what teaches them."""
    if not outcome.is_bad or not outcome.is_finite or not record.steps_first:
        return None
    facts, steps = record.facts, [*record.steps_first, *record.steps_last]
    pulls = []
    for seen in steps:
        force = math.hypot(*(seen.update if seen.decoupled else seen.gradient).values())
        if force > 0:
            pulls.append(seen.decay / force)
    pull = sum(pulls) / len(pulls) if pulls else 0.0
    share = min(record.loss.total_share, record.loss.first_share) if record.loss is not None else 1.0
    penalty = 1 - share if 0 <= share <= 1 else 0.0
    if not (pull > 0.7 or penalty > 0.5 or facts.dropout >= 0.75):
        return None
    return Finding(
        "over-regularization",
        0,
        {"pull of weight decay": pull, "penalty's share of the loss": penalty, "dropout": facts.dropout},
        "Take a hundredth of the weight decay or penalty, and less dropout.",
        "regularization/",
        0.88,
    )


def stopped_too_early(record: Record, outcome: Outcome) -> Finding | None:
    """Training ended while the loss was still falling fast."""
    if not record.facts.finished or not outcome.is_finite:
        return None
    few = record.facts.stopped_early and record.steps < 0.5 * record.facts.expected_steps
    if not outcome.is_bad and not (few and outcome.falls_short(_NEARLY)):
        return None
    short = record.steps < _FEW_STEPS and outcome.last < outcome.start
    if not (few or short or outcome.fall > 0.1):
        return None
    return Finding(
        "stopped-too-early",
        record.steps,
        {
            "still falls by": max(outcome.fall, 0.0),
            "steps": record.steps,
            "asked for": record.facts.expected_steps,
        },
        "Train longer; give early stopping more patience.",
        "regularization/#early-stopping",
        0.84 if few else 0.75 if short else 0.6,
    )


def small_batch_statistics(record: Record, outcome: Outcome) -> Finding | None:
    """Batch normalization measures its statistics on very few items."""
    facts = record.facts
    gap = outcome.trained - outcome.unseen
    if facts.batch_norms == 0 or not 0 < facts.smallest_batch <= 4 or not (outcome.is_bad or gap > 0.2):
        return None
    return Finding(
        "small-batch-statistics",
        0,
        {"items of a batch": facts.smallest_batch},
        "Take larger batches, or group normalization.",
        "gradients/batch_norm/",
        0.9,
    )


def underfitting(record: Record, outcome: Outcome) -> Finding | None:
    """A simple method makes more of the items than this network, which has stopped to learn."""
    narrow = 0 < record.facts.narrowest <= _NARROW
    settled = record.steps >= _MANY_STEPS and outcome.fall < 0.1 and outcome.falls_short(_FAR_SHORT)
    if not outcome.is_bad or not outcome.is_finite or not outcome.certain or not (narrow or settled):
        return None
    return Finding(
        "underfitting",
        0,
        {
            "skill": outcome.learned,
            "a simple method's": outcome.reachable,
            "units of the narrowest layer": record.facts.narrowest,
        },
        "More units or layers, once rate and initialization are right.",
        "symptoms/#the-loss-falls-slowly",
        0.8 if narrow else 0.5,
    )


def constant_answer(record: Record, outcome: Outcome) -> Finding | None:
    """The network gives one answer to everything, and no other sign says why."""
    if not outcome.is_bad or not outcome.is_finite or not outcome.learned < 0.03:
        return None
    return Finding(
        "constant-answer",
        0,
        {"loss": outcome.last, "the best constant answer's": outcome.constant},
        "Try one batch: if it cannot be learned by heart at any rate, the program is wrong.",
        "symptoms/#the-loss-is-flat-from-the-start",
        0.4,
    )
