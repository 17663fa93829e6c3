"""Where a loss became NaN or infinite without anything growing before."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record


def nan_loss(record: Record, outcome: Outcome) -> Finding | None:
    """NaN, and neither inputs nor steps were large: a logarithm, a root or a quotient of zero."""
    if outcome.is_finite or record.nonfinite_inputs >= 0:
        return None
    since = record.nonfinite if record.nonfinite >= 0 else record.nonfinite_gradients
    grown = record.gradients.all()
    largest = max(grown, default=0.0) / max(grown[0], 1e-30) if grown else 1.0
    steps = record.updates.all()
    if (
        outcome.peak > 3 * max(outcome.start, outcome.constant if math.isfinite(outcome.constant) else 0)
    ) or (largest > 30 or max(steps, default=0.0) > 0.3):
        return None
    return Finding(
        "nan-in-the-loss",
        since,
        {"loss before": outcome.last, "largest gradient by the first one": largest},
        "Look for log(0), sqrt(0) or a division by 0 in the loss: clamp, or use a loss of torch that takes scores.",
        "symptoms/#the-loss-is-nan",
        0.85,
    )
