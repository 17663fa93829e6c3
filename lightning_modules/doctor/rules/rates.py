"""Steps that are too long or too short."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.first_steps import median, relative_update
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import FIRST, Record

_LONG = 0.15
_FAR_THROWN = 0.1
_NEARLY = 0.92
_SHORT = 1e-3
_RATHER_SHORT, _MANY_STEPS = 5e-3, 150
_RIPPLE = 0.3


def rate_too_high(record: Record, outcome: Outcome) -> Finding | None:
    """Steps are so long that the loss leaps, or stays where it was thrown."""
    if not (outcome.is_bad or outcome.falls_short(_NEARLY)) or not record.steps_first:
        return None
    lengths = [relative_update(step) for step in record.steps_first]
    longest = max((length for length in lengths if math.isfinite(length)), default=math.nan)
    typical = median(record.updates.all())
    first = max([length for length in record.updates.all()[:FIRST] if math.isfinite(length)], default=0.0)
    leap = outcome.peak / max(outcome.start, 1e-12)
    known = outcome.constant if math.isfinite(outcome.constant) else 0.0
    jumped = outcome.peak > 1.5 * max(outcome.start, known)
    broken = not outcome.is_finite and (longest > _LONG or leap > 3)
    thrown = outcome.is_bad and outcome.is_hopeless and first > _FAR_THROWN
    long = longest > _LONG or typical > 0.03
    if not outcome.is_bad:
        long = longest > _LONG and typical > 0.02
    if not (broken or (jumped and long) or (typical > 0.1 and outcome.is_bad) or thrown):
        return None
    return Finding(
        "rate-too-high",
        next((step.step for step in record.steps_first if relative_update(step) > _LONG), 0),
        {
            "peak of the loss by its start": leap,
            "longest early step by the weight": longest,
            "typical step": typical,
        },
        "Try a tenth of the rate, or search with lightning_modules.range_test.",
        "symptoms/#the-loss-is-nan" if not outcome.is_finite else "symptoms/#the-loss-rises",
        _with_probe(record, 0.85 if broken or jumped else 0.75, _tenth_helps(record)),
    )


def oscillation(record: Record, outcome: Outcome) -> Finding | None:
    """The loss goes up and down by a good part of what is at stake, and comes no lower."""
    if not outcome.is_bad or not outcome.is_finite or not outcome.ripple > _RIPPLE or outcome.fall > 0.1:
        return None
    return Finding(
        "oscillation",
        record.batches // 2,
        {"change from step to step": outcome.ripple, "skill": outcome.learned},
        "Let the rate fall, take larger batches, or a third of the rate.",
        "symptoms/#the-loss-moves-up-and-down",
        0.7,
    )


def rate_too_low(record: Record, outcome: Outcome) -> Finding | None:
    """Weights hardly move, and the loss still falls, or has not begun to."""
    if not outcome.is_bad or not record.steps_first or not outcome.is_finite:
        return None
    typical = median(record.updates.all())
    hardly = typical < _SHORT and record.travel < 0.05
    slow = typical < _RATHER_SHORT and outcome.fall > 0.1 and record.steps >= _MANY_STEPS
    if not hardly and (not slow or outcome.is_rising):  # where nothing moves, batches differ by chance
        return None
    return Finding(
        "rate-too-low",
        0,
        {
            "typical step by the weights": typical,
            "way of the weights": record.travel,
            "still falls by": outcome.fall,
        },
        "Try ten times the rate, or search with lightning_modules.range_test.",
        "symptoms/#the-loss-falls-slowly",
        _with_probe(record, 0.82 if hardly else 0.7, _tenfold_helps(record)),
    )


def _tenth_helps(record: Record) -> bool:
    """Whether a copy got further at a tenth of the rate."""
    if len(record.probe) != 4:
        return False
    start, tenth, same, _ = record.probe
    return tenth < start and not tenth > 0.8 * same


def _tenfold_helps(record: Record) -> bool:
    """Whether a copy got much further at ten times the rate."""
    if len(record.probe) != 4:
        return False
    _, tenth, same, tenfold = record.probe
    return tenth - tenfold > max(4 * (tenth - same), 0.005 * abs(tenth))


def _with_probe(record: Record, sure: float, helps: bool) -> float:
    """More sure where a copy was tried and fared better, less where it did not."""
    if len(record.probe) != 4:
        return sure
    return 0.95 if helps else sure - 0.25
