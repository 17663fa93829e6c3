"""Fills a record while a Trainer trains, and changes nothing: weights, modes, hooks and random numbers stay.

Each batch costs a reference to its loss and a sum over its inputs, on their device. They are looked at every 20th batch;
steps are measured every tenth, and what layers give out every fiftieth; of the first ten everything.
"""

import math
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning import callbacks as theirs
from torch import Tensor, nn

from lightning_modules.doctor import facts as reading
from lightning_modules.doctor.calls import ACTIVATIONS, Calls, LayerCall
from lightning_modules.doctor.items import Items, inputs_in
from lightning_modules.doctor.losses import CLASSIFICATIONS, main_call, take
from lightning_modules.doctor.outcome import outcome_of
from lightning_modules.doctor.probe import Probe
from lightning_modules.doctor.record import (
    FIRST,
    LayerSeen,
    Learnable,
    Record,
    keep_last,
    numbers,
)
from lightning_modules.doctor.sample import Sample
from lightning_modules.doctor.steps import EARLY, STEPS_EVERY, Steps
from lightning_modules.doctor.validating import Validating
from lightning_modules.module_names import is_compiled
from lightning_modules.trainer_callbacks import callbacks_of

LOSSES_EVERY, LAYERS_EVERY, LOOKS_EVERY = 20, 50, 100
_FIRST_LOSSES = 50
_KEPT_WEIGHTS = 512
_INPUT_STEPS = 24
_SAMPLE_AFTER = 300
_FEW_ITEMS = 512
_VERY_FEW, _OFTEN, _BY_HEART = 40, 50, 0.95
"""So few items, seen so often, a network should have learned by heart."""


class Measuring:
    """Measures one training.

    Args:
        record: What to fill.
        probe: Whether to keep what a probe needs.
    """

    def __init__(self, record: Record, probe: bool = False) -> None:
        self.record = record
        self._wants_probe = probe
        self._probe: Probe | None = None
        self.sample = Sample()
        self.items = Items()
        self.steps = Steps(record)
        self.validating = Validating(record, self.items)
        self._open = ExitStack()
        self._calls: Calls | None = None
        self._losses: list[Tensor] = []
        self._sums: list[Tensor] = []
        self._names: dict[int, str] = {}
        self._started: dict[str, Tensor] = {}
        self._used: set[int] = set()
        self.is_compiled = False
        self._loss_now: Tensor | None = None
        self._first_batch_size = self._sampled = 0

    # Before and after

    def begin(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """Read what can be read, and follow the optimizers."""
        resumed = self.record.batches > 0
        if not resumed:
            self.record.facts = reading.read_before(trainer, model)
        self._names = {id(parameter): name for name, parameter in model.named_parameters()}
        self.is_compiled = any(is_compiled(module) for module in model.modules()) or bool(
            getattr(model, "_compiler_ctx", None)
        )
        if self._wants_probe and not resumed:
            self._probe = Probe(model)
        self._started = {name: _few(parameter) for name, parameter in model.named_parameters()}
        self.steps.follow(trainer.optimizers, self._names)

    def end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """Look at what was not looked at yet."""
        self.flush()
        self.record.facts.finished = True
        for callback in callbacks_of(trainer):
            if isinstance(callback, theirs.EarlyStopping) and callback.stopped_epoch > 0:
                self.record.facts.stopped_early = True
        self.look_back(model)
        if self._probe is not None and outcome_of(self.record).is_bad:
            self.record.probe = self._probe.losses(model, list(trainer.optimizers))

    def failed(self, trainer: pl.Trainer, model: pl.LightningModule, error: Exception) -> None:
        """Look at what was not looked at yet, the batch in which an error came included."""
        self._open.close()
        self.validating.release()
        record, calls = self.record, self._calls or self.validating.calls
        record.error = type(error).__name__
        if calls is not None and record.loss is None and calls.losses:
            call = calls.losses[-1]
            record.loss = take(None, call, record.batches, None)
        self.flush()
        if record.nonfinite < 0 and record.batches and not _is_finite(model):
            record.nonfinite = record.batches
        record.facts.finished = True
        self.look_back(model)

    def release(self) -> None:
        """Watch no more."""
        self._open.close()
        self._calls = None
        self.steps.release()
        self.validating.release()

    # A batch

    def is_observed(self) -> bool:
        """Whether this batch is one whose calls are watched."""
        batch = self.record.batches
        return batch < FIRST or (batch < EARLY and batch % STEPS_EVERY == 0) or batch % LAYERS_EVERY == 0

    def batch_starts(self, trainer: pl.Trainer, model: pl.LightningModule, batch: Any) -> None:
        """Begin to watch, if it is time."""
        inputs = inputs_in(batch)
        self._loss_now = None
        if self._probe is not None:
            self._probe.keep(batch)
        if inputs is not None and inputs.is_floating_point():
            self._sums.append(inputs.detach().sum())
        if not self.is_observed():
            return
        parts = reading.evaluating_parts(model)
        if parts and not self.record.facts.evaluating:
            self.record.facts.evaluating, self.record.facts.evaluating_since = parts, self.record.batches
        if not self.is_compiled:
            self._calls = Calls(set(self._names), layers=True, before_backward=self.steps.computing)
            self._open.enter_context(self._calls)

    def backward_starts(self, model: pl.LightningModule, loss: Tensor) -> None:
        """Watch no further: what is computed again in a backward pass would be seen twice."""
        if model.automatic_optimization:
            self._open.close()
        else:
            self._loss_now = loss.detach()
        self.steps.backward_starts()

    def batch_ends(self, trainer: pl.Trainer, model: pl.LightningModule, outputs: Any, batch: Any) -> None:
        """Keep the loss, and what was seen in an observed batch."""
        self._open.close()
        record = self.record
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else None
        if isinstance(loss, Tensor):
            # Lightning hands it over as it was scaled for accumulating gradients.
            loss = loss.detach().mean() if loss.numel() > 1 else loss.detach()
            if trainer.accumulate_grad_batches > 1:
                loss = loss * trainer.accumulate_grad_batches
        elif isinstance(self._loss_now, Tensor):
            loss = self._loss_now
        calls, self._calls = self._calls, None
        if loss is None and calls is not None and calls.losses and calls.losses[-1].value is not None:
            loss = calls.losses[-1].value.mean()
        if loss is not None:
            self._losses.append(loss)
        if calls is not None:
            self._take_calls(trainer, model, calls, loss, batch)
        inputs = inputs_in(batch)
        if inputs is not None and inputs.ndim > 0:
            if not self._first_batch_size:
                self._first_batch_size = record.facts.smallest_batch = len(inputs)
            few = record.batches < FIRST or record.batches % 5 == 0
            is_new = trainer.current_epoch == 0 or self.items.known < _FEW_ITEMS
            if few and is_new and not self.items.is_full() and inputs.ndim > 1:
                self.items.train(inputs, first_epoch=trainer.current_epoch == 0)
        record.batches += 1
        if record.batches % LOSSES_EVERY == 0 or record.batches <= 2:
            self.flush()
        if record.batches == FIRST:
            self._look_at_gradients(trainer, model)

    def flush(self) -> None:
        """Look at the losses that were kept."""
        record = self.record
        losses, sums = numbers(self._losses), numbers(self._sums)
        start = record.batches - len(losses)
        for place, value in enumerate(losses):
            if len(record.first_losses) < _FIRST_LOSSES:
                record.first_losses.append(value)
            if math.isfinite(value):
                record.losses.add(value)
            elif record.nonfinite < 0:
                record.nonfinite = start + place
        start = record.batches - len(sums)
        for place, value in enumerate(sums):
            if not math.isfinite(value) and record.nonfinite_inputs < 0:
                record.nonfinite_inputs = max(start + place, 0)
        self._losses, self._sums = [], []

    # What an observed batch shows

    def _take_calls(
        self, trainer: pl.Trainer, model: pl.LightningModule, calls: Calls, loss: Tensor | None, batch: Any
    ) -> None:
        record = self.record
        value = None if loss is None else float(loss)
        main = main_call(calls.losses, value)
        if main is not None:
            record.loss = take(record.loss, main, record.batches, value)
        if record.loss is not None:
            record.loss.alone &= sum(call.kind != "difference" for call in calls.losses) <= 1
        layers = self._layers(calls.layers)
        if len(record.layers_first) < FIRST:
            record.layers_first.append(layers)
            self._used.update(calls.used)
        else:
            keep_last(record.layers_last, layers)
        if record.batches == 0:
            self._first_facts(layers, calls)
        if calls.first_input is not None and len(record.inputs.rms) < _INPUT_STEPS:
            self._take_inputs(calls.first_input)
        if main is not None and not self.sample.is_full():
            inputs = inputs_in(batch, but=main.target)
            classes = main.kind in CLASSIFICATIONS and not main.target.is_floating_point()
            if inputs is not None:
                self.sample.add(inputs, main.target, classes)

    def _first_facts(self, layers: list[LayerSeen], calls: Calls) -> None:
        facts, inputs = self.record.facts, self.record.inputs
        hidden = [layer.units for layer in layers if layer.operation not in ACTIVATIONS][:-1]
        facts.narrowest = min(hidden, default=0)
        facts.saturating = sum(layer.operation in ("sigmoid", "tanh") for layer in layers)
        facts.recurrent = any(layer.operation in ("lstm", "gru", "rnn_tanh", "rnn_relu") for layer in layers)
        used = dict.fromkeys(call.parameter for call in calls.layers if call.operation not in ACTIVATIONS)
        facts.layers, facts.order = len(used), [self._names[parameter] for parameter in used]
        inputs.normalized, inputs.tokens = calls.is_normalized, calls.has_tokens

    def _layers(self, calls: list[LayerCall]) -> list[LayerSeen]:
        values = numbers(measure for call in calls for measure in call.measures)
        return [
            LayerSeen(
                call.operation,
                self._names.get(call.parameter, "").removesuffix(".weight"),
                *_four(values, place),
                call.units,
            )
            for place, call in enumerate(calls)
        ]

    @torch.no_grad()
    def _take_inputs(self, given: Tensor) -> None:
        if not given.is_floating_point() or given.numel() == 0 or given.ndim < 2:
            return
        seen, values = self.record.inputs, given.float()
        rms, mean, largest = numbers([values.square().mean().sqrt(), values.mean(), values.abs().max()])
        features = values.std(0, correction=0).reshape(-1) if len(values) > 1 else values.new_zeros(1)
        spread, median, widest = numbers([features.square().mean().sqrt(), features.median(), features.max()])
        seen.rms.append(rms)
        seen.mean.append(mean)
        seen.spread.append(spread)
        seen.largest = max(seen.largest, largest)
        if median > 0:
            seen.dynamic = max(seen.dynamic, widest / median)

    @torch.no_grad()
    def _look_at_gradients(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        """After the first steps: who got gradients, and who is held."""
        facts, held = self.record.facts, set(map(id, reading.held_parameters(trainer)))
        trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
        facts.unheld = sum(
            parameter.numel()
            for parameter in trained
            if id(parameter) not in held and parameter.grad is not None
        )
        lists = [parameter for layer in reading.listed_layers(model) for parameter in layer.parameters()]
        facts.listed = sum(
            parameter.numel()
            for parameter in lists
            if parameter.requires_grad and parameter.grad is not None and id(parameter) not in held
        )
        if self.steps.got_gradient and len(trainer.optimizers) == 1:
            silent = [p for p in trained if id(p) in held and id(p) not in self.steps.got_gradient]
            used = sum(parameter.numel() for parameter in silent if id(parameter) in self._used)
            facts.without_gradient = used
            facts.unused = sum(parameter.numel() for parameter in silent) - used
        own = {id(parameter) for parameter in model.parameters()}
        facts.foreign = sum(
            parameter.numel()
            for parameter in reading.held_parameters(trainer)
            if id(parameter) not in own and parameter.grad is None
        )
        facts.identical = reading.identical_layers(model, self._used)

    @torch.no_grad()
    def look_back(self, model: nn.Module) -> None:
        """How far weights have come, and what a sample says; asked for when rules are."""
        now = {name: _few(parameter) for name, parameter in model.named_parameters() if name in self._started}
        weights = [name for name in now if self._started[name].shape == now[name].shape]
        if weights:
            moved = math.sqrt(
                sum(float((now[name] - self._started[name]).square().sum()) for name in weights)
            )
            length = math.sqrt(sum(float(self._started[name].square().sum()) for name in weights))
            self.record.travel = moved / length if length > 0 else math.nan
        facts = self.record.facts
        is_due = facts.finished or (self.sample.is_full() and self.record.batches >= _SAMPLE_AFTER)
        if is_due and self.sample.items != self._sampled:
            self.record.learnable, self._sampled = self.sample.learnable(), self.sample.items
        seen = self.record.batches * max(facts.smallest_batch, 1)
        if facts.finished and 0 < self.items.known <= _VERY_FEW and seen >= _OFTEN * self.items.known:
            self.record.learnable = Learnable(self.items.known, _BY_HEART, 0.05)
        self.record.shared_items, self.record.validation_items = self.items.shared, self.items.validated
        self.record.repeated_items = self.items.repeated


def _four(values: list[float], place: int) -> tuple[float, float, float, float]:
    rms, spread, dead, saturated = values[4 * place : 4 * place + 4]
    return rms, spread, dead, saturated


@torch.no_grad()
def _is_finite(model: nn.Module) -> bool:
    return all(math.isfinite(value) for value in numbers(parameter.sum() for parameter in model.parameters()))


def _few(parameter: Tensor) -> Tensor:
    if isinstance(parameter, nn.parameter.UninitializedParameter) or not parameter.is_floating_point():
        return torch.zeros(0)
    flat = parameter.detach().reshape(-1)
    return flat[:: -(-flat.numel() // _KEPT_WEIGHTS) or 1].float().cpu().clone()
