"""How near two numbers must be to be the same: the one place where that is decided, a function a kind of number.

Each says by how much another run's number may differ from `value`. What is done with that is said where numbers are
compared: lines of text in `compare`, figures in `running/drawn`, several kinds of processors in `comparing/groups`,
studies in `studies/again`. Whole numbers that are printed have to be the same.
"""

from __future__ import annotations

from decimal import Decimal

ROUNDING = 1 + 1e-9  # tolerances are decimal fractions, which floats are not

_DRAWN = 1e-5  # of a number that a record keeps to six digits
_MEASURED = 1e-6  # of one that is kept to seven


def printed(value: Decimal, *with_a_point: Decimal, relative: float, absolute: float) -> Decimal:
    """Of a number that a program printed: a unit of the last digit, or what is declared if that is more.

    >>> printed(Decimal("12.34"), Decimal("12.34"), relative=0.0, absolute=0.0)
    Decimal('0.01')
    >>> printed(Decimal("12.34"), Decimal("12.3"), relative=0.1, absolute=0.0)
    Decimal('1.234')

    Args:
        value: The recorded number.
        *with_a_point: Those of the two numbers that are printed with a point, and so have a last digit that counts.
        relative: What is declared, as a fraction of `value`.
        absolute: What is declared, as it is.
    """
    declared = max(Decimal(repr(absolute)), Decimal(repr(relative)) * abs(value))
    return max(declared, *map(unit, with_a_point))


def drawn(value: float, *, span: float, tolerance: float) -> float:
    """Of a number that was drawn: a fraction of the axis that it lies on, or of the range of colors."""
    return tolerance * span + _DRAWN * abs(value)


def measured(value: float, *, tolerance: float) -> float:
    """Of a number that a study's run returned."""
    return tolerance + _MEASURED * abs(value)


def unit(value: Decimal) -> Decimal:
    """One unit of the last digit printed.

    >>> unit(Decimal("1.50")), unit(Decimal("2e-7"))
    (Decimal('0.01'), Decimal('1E-7'))
    """
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # finite numbers only
    return Decimal(1).scaleb(exponent)
