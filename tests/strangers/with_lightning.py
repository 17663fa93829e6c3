"""A program that knows Lightning by its other name; the second line is for that."""

import lightning as L

import lightning_modules.with_lightning  # noqa: F401  (before pytorch_lightning)
from lightning_modules import MLP, Classifier, Digits, MaxNorm

trainer = L.Trainer(
    max_epochs=1,
    logger=False,
    enable_checkpointing=False,
    callbacks=[MaxNorm(3.0)],
)
trainer.fit(Classifier(MLP([64, 30, 10])), Digits())
