"""The pieces of the library that are put onto somebody else's module, each as a small program that uses it.

A piece's program gets a `Fit`, uses the piece as the documentation says, and asserts that it has done its job.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from fitting import CIRCUMSTANCES, LIGHTNING, PLAIN, Fit

Program = Callable[[Fit], None]


@dataclass(frozen=True)
class Piece:
    """A public name of the library.

    Attributes:
        name: As it is imported.
        page: Where the guide describes it, below docs/.
        program: Uses it.
        meaningless: By circumstance, why it cannot be asked for there.
    """

    name: str
    page: str
    program: Program
    meaningless: dict[str, str] = field(default_factory=dict)


PIECES: dict[str, Piece] = {}


def piece(name: str, page: str, **meaningless: str) -> Callable[[Program], Program]:
    """Enter a program; keywords are circumstances that mean nothing for it, with the reason."""

    def enter(program: Program) -> Program:
        PIECES[name] = Piece(name, page, program, meaningless)
        return program

    return enter


def asked_of_a_module(name: str, page: str) -> Callable[[Program], Program]:
    """Enter a program that asks something of a module, whatever has become of it."""
    why = "Asked of a module, whichever way that was trained."
    others = [circumstance for circumstance in CIRCUMSTANCES if circumstance not in (PLAIN, LIGHTNING)]
    return piece(name, page, **dict.fromkeys(others, why))


def every_piece() -> dict[str, Piece]:
    """All pieces, by name."""
    for kind in ("callbacks", "layers", "optimizers", "schedules", "after_training"):
        import_module(f"pieces_{kind}")
    return PIECES
