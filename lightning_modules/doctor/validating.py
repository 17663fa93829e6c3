"""Measures validations: the same loss function on other items, in another mode perhaps, or on another scale."""

import math
from contextlib import ExitStack
from typing import Any

from torch import nn

from lightning_modules.doctor import facts as reading
from lightning_modules.doctor.calls import Calls
from lightning_modules.doctor.items import Items, inputs_in
from lightning_modules.doctor.losses import main_call, take
from lightning_modules.doctor.record import Record, Validation, numbers

_WATCHED = 8
_MOST_VALIDATIONS = 24


class Validating:
    """Measures the validations of one training.

    Args:
        record: What to fill.
        items: Those of training that are known.

    Attributes:
        calls: Of the batch that is being validated.
    """

    def __init__(self, record: Record, items: Items) -> None:
        self.record, self.items = record, items
        self._open = ExitStack()
        self.calls: Calls | None = None
        self._seen: list[tuple[float, float, float, float]] = []
        self._training_parts = 0

    def starts(self, model: nn.Module) -> None:
        """Begin to validate."""
        self._seen, self._training_parts = [], reading.training_parts(model)
        self.items.shared = self.items.validated = 0

    def batch_starts(self, model: nn.Module, batch_idx: int, is_compiled: bool) -> None:
        """Watch the first batches."""
        if batch_idx < _WATCHED and not is_compiled:
            self.calls = Calls(set(map(id, model.parameters())), layers=False)
            self._open.enter_context(self.calls)

    def batch_ends(self, model: nn.Module, batch: Any, keep: bool) -> None:
        """Take what was seen, if it is to be kept."""
        self._open.close()
        calls, self.calls = self.calls, None
        if calls is None or not keep:
            return
        self._training_parts = max(self._training_parts, reading.training_parts(model))
        inputs = inputs_in(batch)
        if inputs is not None and inputs.ndim > 1:
            self.items.validate(inputs)
        kind = self.record.loss.kind if self.record.loss is not None else None
        main = main_call([call for call in calls.losses if kind in (None, call.kind)], None)
        if main is None or main.value is None:
            return
        value = float(main.value.float().mean())
        record = self.record
        record.validation_loss = take(record.validation_loss, main, record.batches, value)
        accuracy = record.validation_loss.values[-1][2] if record.validation_loss is not None else math.nan
        spread = mean = math.nan
        if calls.first_input is not None and calls.first_input.ndim > 1 and len(calls.first_input) > 1:
            given = calls.first_input.float()
            spread, mean = numbers([given.std(0, correction=0).square().mean().sqrt(), given.mean()])
        self._seen.append((value, accuracy, spread, mean))

    def ends(self) -> None:
        """Keep the means."""
        if not self._seen:
            return
        columns = [
            sum(known) / len(known) if (known := [v for v in column if math.isfinite(v)]) else math.nan
            for column in zip(*self._seen, strict=True)
        ]
        kept = self.record.validations
        loss, accuracy, spread, mean = columns
        kept.append(Validation(self.record.batches, loss, accuracy, spread, mean, self._training_parts))
        if len(kept) > _MOST_VALIDATIONS:
            best = min(kept, key=lambda seen: seen.loss if math.isfinite(seen.loss) else math.inf)
            middle = [seen for seen in kept[1::2] if seen is not best and seen is not kept[-1]]
            kept[:] = sorted([best, *middle, kept[-1]], key=lambda seen: seen.step)

    def release(self) -> None:
        """Watch no more."""
        self._open.close()
