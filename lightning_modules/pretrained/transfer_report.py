"""What a reuse of weights did with each tensor, as a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lightning_modules.table import Report, Table

Status = Literal["loaded", "new", "left out", "missing", "no place", "shape differs", "kind differs"]

MISMATCHES: tuple[Status, ...] = ("missing", "no place", "shape differs", "kind differs")


class WeightsDoNotFit(ValueError):
    """Raised by `reuse` when something that was to be loaded is not there or cannot be loaded; nothing was loaded."""


@dataclass(frozen=True)
class ReusedTensor:
    """What `reuse` did with one tensor, or with what a module saves besides its tensors.

    What the model does not have is None, and so is what the source lacks.

    Attributes:
        status: "loaded"; "new", if the model was to keep its own; "left out", if the source's was not asked for; or a
            mismatch: "missing" (not in the source), "no place" (not in the model), "shape differs", "kind differs"
            (numbers with a fraction for whole ones, or complex for real ones).
        name: The tensor's name in the model.
        shape: Its shape there.
        source_name: Its name in the source.
        source_shape: Its shape there.
    """

    status: Status
    name: str | None
    shape: tuple[int, ...] | None
    source_name: str | None
    source_shape: tuple[int, ...] | None

    @property
    def is_extra(self) -> bool:
        """Whether this is no tensor but what a module saves by `get_extra_state`."""
        return (self.name or self.source_name or "").endswith("_extra_state")


@dataclass(frozen=True, repr=False)
class ReuseReport(Report):
    """What `reuse` did. `str(report)` is a table, `report["network.1.weight"]` the row of one of the model's tensors.

    Attributes:
        rows: The model's tensors in its order, then those that only the source has.
    """

    rows: tuple[ReusedTensor, ...]

    def __getitem__(self, name: str) -> ReusedTensor:
        for row in self.rows:
            if row.name == name:
                return row
        names = ", ".join(row.name for row in self.rows if row.name is not None)
        raise KeyError(f"{name!r} is not a tensor of the model; there is {names}.")

    def __iter__(self) -> Iterator[ReusedTensor]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def loaded(self) -> list[str]:
        """The names of the model's tensors that were loaded."""
        return [row.name for row in self.rows if row.status == "loaded" and row.name is not None]

    @property
    def kept(self) -> list[str]:
        """The names of the model's tensors that are as they were."""
        return [row.name for row in self.rows if row.status != "loaded" and row.name is not None]

    @property
    def mismatches(self) -> list[ReusedTensor]:
        """What was to be loaded and did not fit."""
        return [row for row in self.rows if row.status in MISMATCHES]

    def table(self) -> Table:
        """A row for each tensor."""
        head = ("tensor of the model", "shape", "tensor of the source", "shape", "")
        return Table([head, *(_cells(row) for row in self.rows)], left=range(len(head)))

    def summary(self) -> str:
        """How much of the model was loaded."""
        own = [row for row in self.rows if row.name is not None]
        tensors = [row for row in own if not row.is_extra]
        loaded = [row for row in tensors if row.status == "loaded"]
        total, numbers = (sum(math.prod(row.shape or ()) for row in rows) for rows in (tensors, loaded))
        line = f"loaded {len(loaded)} of {len(tensors)} tensors, {numbers:,} of {total:,} numbers"
        extras = [row.status == "loaded" for row in own if row.is_extra]
        return line + (f", and {sum(extras)} of {len(extras)} extra states" if extras else "")

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.summary()}"


def describe(rows: Sequence[ReusedTensor]) -> str:
    """One line for each of `rows`, which are mismatches.

    >>> print(describe([ReusedTensor("shape differs", "5.bias", (2,), "5.bias", (8,))]))
      5.bias: shape (2,), and (8,) in the source
    """
    return "\n".join(f"  {_describe(row)}" for row in rows)


def _describe(row: ReusedTensor) -> str:
    if row.is_extra:
        return (
            f"{row.name or row.source_name}: an extra state, not in the {'source' if row.name else 'model'}"
        )
    if row.status == "missing":
        return f"{row.name}: shape {row.shape}, not in the source"
    if row.status == "no place":
        return f"{row.source_name}: shape {row.source_shape} in the source, not in the model"
    if row.status == "shape differs":
        return f"{row.name}: shape {row.shape}, and {row.source_shape} in the source"
    return f"{row.name}: numbers of another kind (whole, real or complex) in the source"


def _cells(row: ReusedTensor) -> tuple[str, ...]:
    def shape(value: tuple[int, ...] | None) -> str:
        single = "extra state" if row.is_extra else "1 number"
        return "" if value is None else " × ".join(map(str, value)) or single

    return (row.name or "", shape(row.shape), row.source_name or "", shape(row.source_shape), row.status)
