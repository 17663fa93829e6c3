"""A run as data: what is trained, on what, and how. A fault is a change of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

Build = Callable[[], nn.Module]


@dataclass
class Case:
    """A program that trains well, until somebody changes it.

    Attributes:
        family: Its data and architecture.
        task: "classes", "binary" or "regression".
        inputs: Of training and validation, standardized.
        targets: Likewise.
        build: Makes the network, whose last layer gives scores.
        rate: One that trains it.
        optimizer: Called with parameters and rate.
        epochs: Enough of them.
        batch: Items of a batch.
        classes: How many; of a regression, 1.
        loss: Called with outputs and targets.
        shuffle: Whether training items are.
        options: For the Trainer.
        callbacks: For the Trainer, made anew for each run.
        schedule: Called with the optimizer; None without one.
        interval: Of the schedule.
        tokens: Whether inputs are numbers of an embedding.
        hooks: Changes of the module once it is made.
        step: In place of the training step.
        optimized: What the optimizer gets; None is all of the module's parameters.
        zero: Whether gradients are set to 0 before each step.
        validate: Called with the module before each batch of validation.
    """

    family: str
    task: str
    inputs: tuple[Tensor, Tensor]
    targets: tuple[Tensor, Tensor]
    build: Build
    rate: float
    optimizer: Callable[..., torch.optim.Optimizer]
    epochs: int
    batch: int = 32
    classes: int = 1
    loss: Callable[[Tensor, Tensor], Tensor] | None = None
    shuffle: bool = True
    options: dict[str, Any] = field(default_factory=dict)
    callbacks: list[Callable[[], Any]] = field(default_factory=list)
    schedule: Callable[[Any], Any] | None = None
    interval: str = "epoch"
    tokens: bool = False
    hooks: list[Callable[[Any], None]] = field(default_factory=list)
    step: Callable[[Any, Any], Tensor] | None = None
    optimized: Callable[[Any], Any] | None = None
    zero: bool = True
    validate: Callable[[Any], None] | None = None

    def with_inputs(self, change: Callable[[Tensor], Tensor]) -> Case:
        """Change the inputs of training, then those of validation."""
        training, others = self.inputs
        self.inputs = change(training), change(others)
        return self

    def with_targets(self, change: Callable[[Tensor], Tensor]) -> Case:
        """Change the targets of training, then those of validation."""
        training, others = self.targets
        self.targets = change(training), change(others)
        return self

    def keep(self, count: int) -> None:
        """Train on the first items alone."""
        self.inputs = self.inputs[0][:count], self.inputs[1]
        self.targets = self.targets[0][:count], self.targets[1]
