"""Measures optimizer steps: how long they are, which gradients they are made with, and whether these were clipped."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from lightning_modules.doctor.record import FIRST, Record, StepSeen, keep_last
from lightning_modules.doctor.stepping import StaleGradients, StepWatch, gradient_norm, total
from lightning_modules.optimizers.stepping import hooked

STEPS_EVERY, EARLY = 10, 100


class Steps:
    """Measures the steps of one training.

    Args:
        record: What to fill.

    Attributes:
        got_gradient: The identities of parameters that a measured step had a gradient of.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.got_gradient: set[int] = set()
        self._names: dict[int, str] = {}
        self._handles: list[RemovableHandle] = []
        self._watches: dict[int, StepWatch] = {}
        self._stale = StaleGradients()
        self._unclipped: dict[int, Tensor] = {}

    def follow(self, optimizers: list[Optimizer], names: dict[int, str]) -> None:
        """Be told of each step.

        Args:
            optimizers: Wrapped or not.
            names: Of the module's parameters, by their identity.
        """
        self._names = names
        for optimizer in optimizers:
            for one in hooked(optimizer):
                self._handles += [
                    one.register_step_pre_hook(self._before_step),
                    one.register_step_post_hook(self._after_step),
                ]

    def release(self) -> None:
        """Follow no more."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._watches = [], {}

    def is_measured(self) -> bool:
        """Whether this batch's step is."""
        return self.record.batches < FIRST or self.record.batches % STEPS_EVERY == 0

    def computing(self) -> None:
        """Gradients are about to be computed: are the last step's still there?"""
        self._stale.computing()

    def backward_starts(self) -> None:
        """The same, where Lightning computes them."""
        if self._looks_for_old_gradients():
            self._stale.computing()

    def before_clipping(self, optimizer: Optimizer) -> None:
        """Take the norm of the gradient, before it may be clipped."""
        if self.is_measured() and self.record.facts.clip_norm:
            parameters = (p for group in optimizer.param_groups for p in group["params"])
            norm = gradient_norm(parameters)
            if norm is not None:
                self._unclipped[id(optimizer)] = norm

    def _before_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        if self.is_measured() and not isinstance(optimizer, torch.optim.LBFGS):
            self._watches[id(optimizer)] = StepWatch(optimizer, self._names)

    def _after_step(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        record = self.record
        record.steps += 1
        if self._looks_for_old_gradients():
            if self._stale.was_asked(optimizer) and (record.batches < FIRST or not self.is_measured()):
                record.facts.checked_gradients += 1
                record.facts.stale_gradients += self._stale.is_stale(optimizer)
            self._stale.stepped(optimizer)
        watch = self._watches.pop(id(optimizer), None)
        if watch is not None:
            raw = self._unclipped.pop(id(optimizer), None)
            self.got_gradient.update(map(id, watch.with_gradient()))
            self._note_step(watch.seen(record.batches, math.nan if raw is None else float(raw)))

    def _looks_for_old_gradients(self) -> bool:
        """In two batches that follow each other, early: in the first what a step was made with is kept."""
        return self.record.batches < EARLY and (self.is_measured() or self.record.batches % STEPS_EVERY == 1)

    def _note_step(self, seen: StepSeen) -> None:
        record = self.record
        if len(record.steps_first) < FIRST:
            record.steps_first.append(seen)
        else:
            keep_last(record.steps_last, seen)
        gradient, weight, update = total(seen.gradient), total(seen.weight), total(seen.update)
        if not math.isfinite(gradient):
            if record.nonfinite_gradients < 0:
                record.nonfinite_gradients = seen.step
            return
        record.gradients.add(gradient)
        record.rates.add(seen.rate)
        if weight > 0 and math.isfinite(update):
            record.updates.add(update / weight)
        clip = record.facts.clip_norm
        if clip and math.isfinite(seen.unclipped):
            record.measured += 1
            record.clipped += seen.unclipped > clip
