"""Trains a case with a doctor beside it, and measures by itself how good the network has become."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import functional

from clinic.case import Case
from lightning_modules import InMemoryBatches, quiet_trainer
from lightning_modules.doctor.doctor import Doctor


class Training(pl.LightningModule):
    """What people write."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case = case
        self.network = case.build()
        for change in case.hooks:
            change(self)

    def print(self, *words: Any, **options: Any) -> None:
        """Leave the word to the clinic."""

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.network(inputs)
        return outputs

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        if self.case.step is not None:
            return self.case.step(self, batch)
        return loss_of(self.case, self(batch[0]), batch[1])

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        if self.case.validate is not None:
            self.case.validate(self)
        self.log("val_loss", loss_of(self.case, self(batch[0]), batch[1]))

    def optimizer_zero_grad(self, epoch: int, batch_idx: int, optimizer: Any) -> None:
        if self.case.zero:
            optimizer.zero_grad()

    def configure_optimizers(self) -> Any:
        held = self.parameters() if self.case.optimized is None else self.case.optimized(self)
        optimizer = self.case.optimizer(held, lr=self.case.rate)
        if self.case.schedule is None:
            return optimizer
        schedule = self.case.schedule(optimizer)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": self.case.interval, "monitor": "val_loss"},
        }


def loss_of(case: Case, outputs: Tensor, targets: Tensor) -> Tensor:
    if case.loss is not None:
        return case.loss(outputs, targets)
    if case.task == "classes":
        return functional.cross_entropy(outputs, targets)
    if case.task == "binary":
        return functional.binary_cross_entropy_with_logits(outputs.squeeze(1), targets)
    return functional.mse_loss(outputs, targets)


def train(case: Case, seed: int) -> tuple[Doctor, float]:
    """Train it, and say what the doctor has seen and how good it is: right answers, or the part of variance explained."""
    doctor = Doctor()
    torch.manual_seed(seed)
    model = Training(case)
    batches = InMemoryBatches(case.inputs[0], case.targets[0], case.batch, shuffle=case.shuffle, seed=seed)
    others = InMemoryBatches(case.inputs[1], case.targets[1], 256, seed=seed)
    callbacks = [doctor, *(make() for make in case.callbacks)]
    trainer = quiet_trainer(
        max_epochs=case.epochs, callbacks=callbacks, num_sanity_val_steps=0, **case.options
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            trainer.fit(model, batches, others)
        except Exception:
            return doctor, math.nan
    return doctor, quality(model, case)


@torch.no_grad()
def quality(model: Training, case: Case) -> float:
    model.eval()
    outputs, targets = model(case.inputs[1]), case.targets[1]
    if not outputs.isfinite().all():
        return math.nan
    if case.task == "classes":
        answers = outputs.squeeze(1).round() if outputs.shape[1] == 1 else outputs.argmax(1)
        return float((answers == targets).float().mean())
    if case.task == "binary":
        return float(((outputs.reshape(-1) > 0) == (targets.reshape(-1) > 0.5)).float().mean())
    return 1 - float((outputs.reshape(-1) - targets.reshape(-1)).square().mean() / targets.var())
