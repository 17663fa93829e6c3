"""One measurement, and how all of them are printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A measured number beside the one to reach.

    Attributes:
        what: What was measured, with its own figure.
        against: What it is compared with, with that one's figure.
        result: The ratio, or the size or time itself where the target is one.
        unit: What follows the number: "x", " s", " kB".
        target: The number to reach; None where the number is only told.
        at_least: Whether `result` has to be at least `target`; otherwise at most.
    """

    what: str
    against: str
    result: float
    unit: str
    target: float | None = None
    at_least: bool = True

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        if self.target is None:
            return True
        return self.result >= self.target if self.at_least else self.result <= self.target


def printed(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | against | result | to reach | |", "|---|---|---|---|---|"]
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        mark = "holds" if row.holds else "MISSED"
        reach = "" if row.target is None else f"{sign} {row.target:g}{row.unit}"
        mark = "" if row.target is None else mark
        lines.append(f"| {row.what} | {row.against} | {row.result:.2f}{row.unit} | {reach} | {mark} |")
    return "\n".join(lines)
