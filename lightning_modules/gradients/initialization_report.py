"""What an initialization did to each layer of a model, as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lightning_modules.gradients.activations import Scheme
from lightning_modules.table import Report, Table

Distribution = Literal["normal", "uniform", "orthogonal"]


@dataclass(frozen=True)
class LayerReport:
    """What `initialize` did with one layer. Numbers are None where the layer was left as it is.

    Attributes:
        name: As in `model.named_modules()`.
        kind: The layer's class.
        note: What follows it, or why it was left as it is.
        fan_in: Inputs that reach a unit.
        fan_out: Units that an input reaches.
        scheme: "glorot", "he" or "lecun".
        distribution: "normal", "uniform" or "orthogonal".
        target_std: The standard deviation aimed at: the scheme's, or that of an orthogonal matrix with its gain.
        std_before: The weights' standard deviation before they were drawn.
        std_after: The same afterwards; few weights scatter around the target.
    """

    name: str
    kind: str
    note: str
    fan_in: float | None = None
    fan_out: float | None = None
    scheme: Scheme | None = None
    distribution: Distribution | None = None
    target_std: float | None = None
    std_before: float | None = None
    std_after: float | None = None


@dataclass(frozen=True, repr=False)
class InitializationReport(Report):
    """What `initialize` did. `str(report)` is a table, as in a notebook; `report["conv1"]` is the row of one layer.

    Attributes:
        rows: One for each module that has parameters, in the model's order.
    """

    rows: tuple[LayerReport, ...]

    def __getitem__(self, name: str) -> LayerReport:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name!r} is not in the report; there is {', '.join(row.name for row in self.rows)}.")

    def __iter__(self) -> Iterator[LayerReport]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> Table:
        """A row for each layer."""
        head = ("layer", "kind", "fan in", "fan out", "scheme", "std before", "target", "after", "note")
        return Table([head, *(_cells(row) for row in self.rows)], left=(0, 1, 4, 8))

    def summary(self) -> str:
        """How many layers were drawn."""
        drawn = sum(row.scheme is not None for row in self.rows)
        return f"{drawn} of {len(self.rows)} layers drawn"


def _cells(row: LayerReport) -> tuple[str, ...]:
    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    return (
        row.name,
        row.kind,
        number(row.fan_in, "g"),
        number(row.fan_out, "g"),
        f"{row.scheme} {row.distribution}" if row.scheme else "",
        number(row.std_before, ".4f"),
        number(row.target_std, ".4f"),
        number(row.std_after, ".4f"),
        row.note,
    )
