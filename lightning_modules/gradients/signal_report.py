"""What `signal` saw: a row for each layer, and a table of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from lightning_modules.table import Report, Table


@dataclass(frozen=True)
class LayerSignal:
    """What one layer gave out in one call, and the gradient of its weights.

    `unit_std` and `dead` are None where a layer has no units to speak of, `saturated` where it has no bounds. The
    gradient is None without a loss, without weights, and where the weights are frozen or the loss does not
    depend on them.

    Attributes:
        name: As in `model.named_modules()`; from the second call on with its number: `"act (2)"`.
        kind: The layer's class.
        shape: The shape of what it gave out.
        mean: The mean of all of it.
        std: The standard deviation of all of it (dividing by the count).
        unit_std: The standard deviation of one unit over the batch, in the mean over the units.
        dead: The fraction of units that gave 0 for every input.
        saturated: The fraction of all numbers near a bound of the activation.
        gradient_norm: The norm of the gradient of the layer's weights, biases aside.
        gradient_rms: The same, divided by the root of the number of weights.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    mean: float
    std: float
    unit_std: float | None = None
    dead: float | None = None
    saturated: float | None = None
    gradient_norm: float | None = None
    gradient_rms: float | None = None


@dataclass(frozen=True, repr=False)
class SignalReport(Report):
    """The layers in the order in which they were called. `str(report)` is a table, `report["conv1"]` one layer.

    Attributes:
        rows: One for each call of each layer.
        loss: The loss of the batch; None if only outputs were looked at.
    """

    rows: tuple[LayerSignal, ...]
    loss: float | None = None

    def __getitem__(self, name: str) -> LayerSignal:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(f"{name!r} is not in the report; there is {', '.join(row.name for row in self.rows)}.")

    def __iter__(self) -> Iterator[LayerSignal]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def table(self) -> Table:
        """A row for each call of a layer."""
        head = ("layer", "kind", "mean", "std", "unit std", "dead", "saturated", "gradient", "per weight")
        return Table([head, *(_cells(row) for row in self.rows)], left=(0, 1))

    def summary(self) -> str:
        """How many calls there were, and the loss."""
        return (
            f"{len(self.rows)} calls of layers, {'no loss' if self.loss is None else f'loss {self.loss:.4g}'}"
        )


def _cells(row: LayerSignal) -> tuple[str, ...]:
    def number(value: float | None, form: str) -> str:
        return "" if value is None else format(value, form)

    return (
        row.name,
        row.kind,
        number(row.mean, ".3g"),
        number(row.std, ".3g"),
        number(row.unit_std, ".3g"),
        number(row.dead, ".0%"),
        number(row.saturated, ".0%"),
        number(row.gradient_norm, ".2e"),
        number(row.gradient_rms, ".2e"),
    )
