"""One measurement, and how all of them are printed."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.interleaved import Ratio


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
        interval: Where `result` may lie, where that is known; then its worse end is held to the target.
        note: Why a target is missed, as far as a profile has shown; printed where it is.
    """

    what: str
    against: str
    result: float
    unit: str
    target: float | None = None
    at_least: bool = True
    interval: tuple[float, float] | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the target is reached."""
        if self.target is None:
            return True
        low, high = self.interval or (self.result, self.result)
        return low >= self.target if self.at_least else high <= self.target


def at_most(what: str, against: str, ratio: Ratio, target: float | None = None, note: str = "") -> Row:
    """The row of a `ratio` of times that has to be at most `target`; both ways are named with their times."""
    return Row(
        f"{what} ({_time(ratio.seconds)})",
        f"{against} ({_time(ratio.against)})",
        ratio.median,
        "x",
        target,
        at_least=False,
        interval=(ratio.low, ratio.high),
        note=note,
    )


def printed(rows: list[Row]) -> str:
    """The rows as a Markdown table, and below it why what is missed is missed."""
    lines = ["| what | against | result | 95% | to reach | |", "|---|---|---|---|---|---|"]
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        mark = "holds" if row.holds else "MISSED"
        reach = "" if row.target is None else f"{sign} {row.target:g}{row.unit}"
        mark = "" if row.target is None else mark
        interval = "" if row.interval is None else "{:.2f} to {:.2f}".format(*row.interval)
        lines.append(
            f"| {row.what} | {row.against} | {row.result:.2f}{row.unit} | {interval} | {reach} | {mark} |"
        )
    notes = [f"{row.what.split(' (')[0]}: {row.note}" for row in rows if row.note and not row.holds]
    return "\n\n".join(["\n".join(lines), *notes])


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f} µs"
