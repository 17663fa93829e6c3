"""Steps that are not made as they should be: old gradients, clipping, schedules."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_ALWAYS = 0.95
_COLLAPSED = 0.01


def missing_zero_grad(record: Record, outcome: Outcome) -> Finding | None:
    """Gradients of earlier steps are still there when a step is made."""
    facts = record.facts
    if facts.checked_gradients < 2 or facts.stale_gradients < 0.8 * facts.checked_gradients:
        return None
    return Finding(
        "missing-zero-grad",
        1,
        {"steps with old gradients": facts.stale_gradients, "of": facts.checked_gradients},
        "Call optimizer.zero_grad() before each backward pass.",
        "symptoms/#the-first-minute",
        0.97,
    )


def clipped_always(record: Record, outcome: Outcome) -> Finding | None:
    """Nearly every gradient is cut to a small part of itself."""
    facts = record.facts
    if not outcome.is_bad or record.measured < 5 or record.clipped < _ALWAYS * record.measured:
        return None
    left = [
        facts.clip_norm / seen.unclipped
        for seen in (*record.steps_first, *record.steps_last)
        if math.isfinite(seen.unclipped) and seen.unclipped > 0
    ]
    kept = sum(left) / len(left) if left else 1.0
    if kept > 0.3:
        return None
    return Finding(
        "clipped-always",
        0,
        {"share of steps": record.clipped / record.measured, "what is left of a gradient": kept},
        "Clip at a norm that few gradients reach; the logged norms say which.",
        "gradients/gradient_clipping/",
        0.88,
    )


def schedule_interval(record: Record, outcome: Outcome) -> Finding | None:
    """A schedule that is counted in other units than it was made for: it collapses at once, or never acts."""
    facts, rates = record.facts, record.rates.all()
    if not facts.schedule or len(rates) < 3:
        return None
    highest, last = max(rates), rates[-1]
    way = {"rate at first": rates[0], "highest rate": highest, "last rate": last}
    early = rates[: max(len(rates) * 2 // 5, 2)]
    if outcome.is_bad and last < _COLLAPSED * highest and min(early) < _COLLAPSED * highest:
        return Finding(
            "schedule-interval",
            0,
            way,
            "See whether the schedule counts steps or epochs: interval='epoch' for one that is made for epochs.",
            "schedules/#schedules-that-do-nothing",
            0.9,
        )
    stays = highest <= 1.01 * min(rates) or (
        facts.schedule_every == "epoch"
        and facts.schedule_length > 3 * max(facts.expected_epochs, 1)
        and facts.schedule_length >= 0.3 * facts.expected_steps > 0
    )
    ended = facts.finished and not facts.stopped_early and record.steps >= 0.9 * facts.expected_steps
    if ended and stays and facts.schedule != "ReduceLROnPlateau" and facts.expected_epochs != 1:
        return Finding(
            "schedule-interval",
            0,
            way,
            "The schedule hardly changed the rate: see how long it is, and whether it counts steps or epochs.",
            "schedules/#schedules-that-do-nothing",
            0.85 if facts.schedule_length else 0.7,
        )
    return None
