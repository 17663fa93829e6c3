"""What `signal` tells of a tensor of outputs: its mean, its spread, and what its units do.

In a deep network of small layers, asking takes longer than computing: a standard deviation has six operations, and each
has its fixed cost. So small outputs of one shape wait for each other and are measured together, by the same sums
in the same order: the numbers are those of one at a time, to the last bit but for a rare rounding.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

# So many numbers are measured together: their squares in float64 stay in the cache of one core. A buffer is kept for
# them: to ask the system for new memory takes as long as to compute in it.
_TOGETHER = 2**16

# From here on operations take longer than to call them, and an output need not wait, for which it has to be copied.
_LARGE = 2**14

# The squares of more numbers would take memory that the model may not leave.
_TOO_LARGE = 2**20


class Kind(NamedTuple):
    """What outputs that are measured together have in common.

    Attributes:
        shape: Any.
        spread: The dimensions that a unit's numbers are spread over; none where there are no units.
        bounds: Numbers outside are saturated; None where there are no bounds.
    """

    shape: tuple[int, ...]
    spread: tuple[int, ...]
    bounds: tuple[float, float] | None


class Measures(NamedTuple):
    """What there is to tell of one output; see `LayerSignal`.

    Attributes:
        mean: The mean of all of it.
        std: The standard deviation of all of it.
        unit_std: The standard deviation of one unit over the batch, in the mean over the units.
        dead: The fraction of units that are 0 for every input.
        saturated: The fraction of all numbers near a bound.
    """

    mean: float
    std: float
    unit_std: float | None
    dead: float | None
    saturated: float | None


class Measuring:
    """Measures outputs as they come, and says what it found at the end: call `take` for each, and `all` once."""

    def __init__(self) -> None:
        self._count = 0
        self._of_kind: dict[Kind, _OneKind] = {}
        self._alone: dict[int, tuple[Kind, Tensor]] = {}
        self._scratch = _Scratch()

    def take(self, values: Tensor, kind: Kind) -> None:
        """Measure an output, or copy it for later: it may be changed in place.

        Args:
            values: With at least one number, in float32 or float64.
            kind: What it is.
        """
        number, size = self._count, values.numel()
        self._count += 1
        # To the last bit is known of torch's own loops on a processor, in float32.
        if size > _TOO_LARGE or values.dtype is not torch.float32 or not values.is_cpu:
            self._alone[number] = kind, _measured(values, kind)
            return
        alike = self._of_kind.get(kind)
        if alike is None:
            alike = self._of_kind[kind] = _OneKind(kind, self._scratch)
        alike.take(values, number)

    def all(self) -> list[Measures]:
        """What was found, in the order in which the outputs came."""
        found = {number: _named(table.tolist(), kind) for number, (kind, table) in self._alone.items()}
        for kind, alike in self._of_kind.items():
            rows = alike.table().tolist()
            found |= {number: _named(row, kind) for number, row in zip(alike.numbers, rows, strict=True)}
        return [found[number] for number in range(self._count)]


class _Scratch:
    """Memory for the squares."""

    def __init__(self) -> None:
        self._numbers = torch.empty(0, dtype=torch.float64)

    def shaped(self, shape: torch.Size) -> Tensor:
        size = shape.numel()
        if self._numbers.numel() < size:
            self._numbers = torch.empty(max(size, _TOGETHER), dtype=torch.float64)
        return self._numbers[:size].view(shape)


class _OneKind:
    """Outputs that are alike, those that wait and the sums over those that do not."""

    def __init__(self, kind: Kind, scratch: _Scratch) -> None:
        self.numbers: list[int] = []
        self._kind = kind
        self._scratch = scratch
        size = math.prod(kind.shape)
        self._room = 1 if size >= _LARGE else max(1, _TOGETHER // size)
        self._waiting = torch.empty(self._room, *kind.shape) if self._room > 1 else None
        self._places = () if self._waiting is None else self._waiting.unbind()
        self._count = 0
        self._sums: list[tuple[Tensor, ...]] = []
        self._of_a_unit = [dim + 1 for dim in kind.spread or range(len(kind.shape))]

    def take(self, values: Tensor, number: int) -> None:
        self.numbers.append(number)
        if self._waiting is None:
            self._add_up(values.unsqueeze(0))
            return
        self._places[self._count].copy_(values)
        self._count += 1
        if self._count == self._room:
            self._add_up(self._waiting)
            self._count = 0

    def _add_up(self, outputs: Tensor) -> None:
        """What goes over all numbers: as torch does for a single output, squares are summed in float64."""
        mean = outputs.flatten(1).mean(1)
        precise = self._scratch.shaped(outputs.shape).copy_(outputs)
        unit_mean = precise.mean(self._of_a_unit, keepdim=True)
        variance = precise.sub_(unit_mean).square_().mean(self._of_a_unit, keepdim=True)
        bounds = self._kind.bounds
        outside = () if bounds is None else (_outside(outputs, bounds).flatten(1).mean(1),)
        self._sums.append((mean, unit_mean.flatten(1), variance.flatten(1), *outside))

    def table(self) -> Tensor:
        """The measures, a row for each output."""
        if self._count:
            assert self._waiting is not None
            self._add_up(self._waiting[: self._count])
        mean, unit_mean, variance, *outside = map(torch.cat, zip(*self._sums, strict=True))
        # Σ (y − m)² = Σ (y − m_u)² + Σ (m_u − m)², with m_u the mean of y's unit
        around_mean = variance + (unit_mean - mean.unsqueeze(1)).square_()
        of_units = (
            variance.sqrt().float().mean(1),
            ((unit_mean == 0) & (variance == 0)).float().mean(1),
        )
        std = around_mean.mean(1).sqrt_().float()
        return torch.stack([mean, std, *(of_units if self._kind.spread else ()), *outside], dim=1)


def _measured(values: Tensor, kind: Kind) -> Tensor:
    """The measures of one output, as torch computes them."""
    found = [values.mean(), values.std(correction=0)]
    if kind.spread:
        found += [
            values.std(kind.spread, correction=0).mean(),
            (values == 0).float().amin(kind.spread).mean(),
        ]
    if kind.bounds is not None:
        found.append(_outside(values, kind.bounds).mean())
    return torch.stack(found)


def _named(row: list[float], kind: Kind) -> Measures:
    unit_std, dead = row[2:4] if kind.spread else (None, None)
    return Measures(row[0], row[1], unit_std, dead, row[-1] if kind.bounds else None)


def _outside(values: Tensor, bounds: tuple[float, float]) -> Tensor:
    """1 where a number is outside, 0 elsewhere."""
    return ((values < bounds[0]) | (values > bounds[1])).float()
