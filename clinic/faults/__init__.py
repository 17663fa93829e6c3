"""Faults, a file a kind: what each changes in a case that trains well, and the names that are right for it."""

from clinic.faults import depth, inputs, learning, outputs, rates, steps, structure, targets, validation
from clinic.faults.registry import FAULTS

__all__ = [
    "FAULTS",
    "depth",
    "inputs",
    "learning",
    "outputs",
    "rates",
    "steps",
    "structure",
    "targets",
    "validation",
]
