"""What the first layer is given."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_RAW = 4.0
_VERY_RAW = 20.0
_NEARLY = 0.92
_TINY = 0.06
_WIDE = 30.0
_FLAT = 1e-6


def nan_inputs(record: Record, outcome: Outcome) -> Finding | None:
    """Inputs are NaN or infinite."""
    if record.nonfinite_inputs < 0:
        return None
    return Finding(
        "nan-inputs",
        record.nonfinite_inputs,
        {"first batch": record.nonfinite_inputs},
        "Ask inputs.isfinite().all() of the data, and leave out or fill in what is not.",
        "symptoms/#the-loss-is-nan",
        0.98,
    )


def constant_inputs(record: Record, outcome: Outcome) -> Finding | None:
    """All items are the same."""
    seen = record.inputs
    if seen.tokens or not seen.spread or max(seen.spread) > _FLAT * max(max(seen.rms), 1e-12):
        return None
    return Finding(
        "constant-inputs",
        0,
        {"deviation over items": max(seen.spread), "root mean square": max(seen.rms)},
        "Look at what the loader gives: all items are the same.",
        "symptoms/#the-first-minute",
        0.95,
    )


def raw_inputs(record: Record, outcome: Outcome) -> Finding | None:
    """Inputs are as large as they were stored, or of very different sizes."""
    seen = record.inputs
    if seen.normalized or seen.tokens or not seen.rms:
        return None
    rms = sum(seen.rms) / len(seen.rms)
    if not math.isfinite(rms) or not (rms > _RAW or (seen.dynamic > _WIDE and rms > 1.5)):
        return None
    if not outcome.is_bad and not (rms > _VERY_RAW and outcome.falls_short(_NEARLY)):
        return None
    return Finding(
        "raw-inputs",
        0,
        {"root mean square": rms, "mean": _mean(seen.mean), "widest feature by the median one": seen.dynamic},
        "Standardize the inputs with the training items' mean and deviation.",
        "#before-anything-else-standardize-the-inputs",
        0.9 if rms > _VERY_RAW else 0.86 if rms > 2 * _RAW else 0.7,
    )


def double_normalization(record: Record, outcome: Outcome) -> Finding | None:
    """Inputs hardly differ: they were scaled twice, or with the numbers of other data."""
    seen = record.inputs
    if seen.normalized or seen.tokens or not seen.spread or not outcome.is_bad:
        return None
    spread, rms = _mean(seen.spread), _mean(seen.rms)
    if not _FLAT * rms < spread < _TINY or rms > 100:
        return None
    return Finding(
        "double-normalization",
        0,
        {"deviation over items": spread, "root mean square": rms},
        "Scale the inputs once: divide bytes by 255 or standardize, with the training items' own mean and deviation.",
        "#before-anything-else-standardize-the-inputs",
        0.9,
    )


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return sum(known) / len(known) if known else math.nan
