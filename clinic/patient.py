"""A run, what the doctor measured of it, and what is known of it besides."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lightning_modules.doctor.record import Record

FACTS = {
    "softmax_first",
    "softmax_module",
    "sigmoid_first",
    "left_in_evaluation",
    "alpha_dropout",
    "leaked",
    "detached",
    "listed",
    "validated_in_training_mode",
    "never_acts",
    "validated_on_another_scale",
    "constants",
    "squashed_output",
    "never_zeroed",
}
"""Faults that are named whether or not they hurt this time."""


@dataclass
class Patient:
    """A run, and what is known of it."""

    part: str
    family: str
    change: str
    seed: int
    names: tuple[str, ...]
    quality: float
    twin: float
    record: Record


def hurts(patient: Patient) -> bool:
    """Whether the fault costs more than a little beside the repaired twin."""
    if patient.change in FACTS or not math.isfinite(patient.quality):
        return True
    return patient.quality < patient.twin - 0.08


def described(patient: Patient) -> str:
    qualities = f"{patient.quality:.2f}, twin {patient.twin:.2f}"
    return f"{patient.change} | {patient.family} {patient.seed}, {qualities}"
