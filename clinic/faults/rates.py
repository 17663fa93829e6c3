"""Rates that are too high or too low."""

from __future__ import annotations

from clinic.case import Case
from clinic.faults.registry import fault, is_adam


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
    case.keep(400)
    return case


@fault("rate-too-low")
def far_too_low(case: Case) -> Case:
    case.rate /= 3000
    return case


@fault("rate-too-low")
def too_low(case: Case) -> Case:
    case.rate /= 300
    return case
