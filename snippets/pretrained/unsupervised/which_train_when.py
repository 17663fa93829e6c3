"""Which layers are trained in which epoch?"""

import pytorch_lightning as pl
import torch

import lightning_modules as lm


class WhatMoves(pl.Callback):
    """Compares every weight before and after each epoch."""

    def on_train_epoch_start(self, trainer, stack):
        self.before = {n: p.clone() for n, p in stack.named_parameters()}

    def on_train_epoch_end(self, trainer, stack):
        moved = {
            ".".join(name.split(".")[:2])  # encoder.0, decoder.1, ...
            for name, weight in stack.named_parameters()
            if not torch.equal(weight, self.before[name])
        }
        epochs.append(sorted(moved))
        print(f"epoch {trainer.current_epoch + 1}:", ", ".join(epochs[-1]))


epochs = []
torch.manual_seed(42)
stack = lm.StackedAutoencoder.dense((1, 8, 8), [30, 20], epochs_per_layer=[1, 2])
trainer = lm.quiet_trainer(max_epochs=4, callbacks=[WhatMoves()])
trainer.fit(stack, lm.Digits())

lower, upper = ["decoder.1", "encoder.0"], ["decoder.0", "encoder.1"]
assert epochs == [lower, upper, upper, sorted(lower + upper)]
