"""Units that are dead or saturated: a cause only where nothing came before it."""

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.first_steps import dead_share, saturated_share
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_MOST = 0.9


def dead_units(record: Record, outcome: Outcome) -> Finding | None:
    """Nearly all rectified units of a layer are 0 for every item."""
    seen = [*record.layers_first, *record.layers_last]
    if not outcome.is_bad or not seen:
        return None
    now, born = dead_share(seen[-1]), dead_share(seen[0])
    if now < _MOST:
        return None
    since = next((place for place, layers in enumerate(seen) if dead_share(layers) >= _MOST), 0)
    return Finding(
        "dead-units",
        since,
        {"share of the worst layer": now, "before the first step": born},
        "Initialize again with biases of 0, take a lower rate or a warm-up, or a leaky ReLU.",
        "symptoms/#the-loss-jumps-then-is-flat",
        0.87 if born >= _MOST else 0.6,
    )


def saturated_units(record: Record, outcome: Outcome) -> Finding | None:
    """Nearly all numbers of a bounded activation are at its bounds."""
    seen = [*record.layers_first, *record.layers_last]
    if not outcome.is_bad or not seen or record.facts.saturating == 0:
        return None
    now, born = saturated_share(seen[-1]), saturated_share(seen[0])
    if max(now, born) < 0.6:
        return None
    since = next((place for place, layers in enumerate(seen) if saturated_share(layers) >= 0.6), 0)
    return Finding(
        "saturated-units",
        since,
        {"share of the worst layer": now, "before the first step": born},
        "Scale the inputs and initialize by Glorot's rule, so that units begin where they have a slope.",
        "symptoms/#the-loss-rises",
        0.86 if born >= 0.6 else 0.6,
    )
