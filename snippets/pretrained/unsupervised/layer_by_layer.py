"""An autoencoder built layer by layer: which layers are there, and which train?

What an image of 64 numbers passes through, from left to right; the height is how
many numbers there are. Each stage adds a layer and its own way back, and trains
these two (blue) to give back what the layers below (gray) give, which stay as
they are. Then the whole trains. At last the way back is dropped, and a new last
layer (orange) learns the classes.
"""

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
stack = lm.StackedAutoencoder.dense((1, 8, 8), [40, 25, 15])
network = nn.Sequential(stack.encoder, nn.Linear(15, 10))
pieces = [*stack.encoder, *stack.decoder, network[1]]
ends = [(64, 40), (40, 25), (25, 15), (15, 25), (25, 40), (40, 64), (15, 10)]
called, stages = [], []
for piece in pieces:
    piece.register_forward_hook(lambda piece, *_: called.append(piece))


def note(*_):
    """Which pieces were called, in order, and which of them got a gradient."""
    stage = {}
    for piece in called:
        weight = next(piece.parameters())
        stage[pieces.index(piece)] = weight.grad is not None
    stages.append(stage)
    called.clear()


after_epoch = pl.callbacks.LambdaCallback(on_train_epoch_end=note)
for model, epochs in ((stack, 4), (lm.Classifier(network), 1)):
    trainer = lm.quiet_trainer(
        max_epochs=epochs, callbacks=[after_epoch], limit_val_batches=0
    )
    trainer.fit(model, lm.Digits(train_size=64))

names = ["layer 1", "layer 2", "layer 3", "the whole", "with labels"]
gives = ["image", "codes of layer 1", "codes of layer 2", "image", "classes"]
figure, axis = plt.subplots(figsize=(4.4, 3.6))
for row, (name, stage) in enumerate(zip(names, stages, strict=True)):
    for place, (piece, learns) in enumerate(stage.items()):
        left, right = (numbers / 160 for numbers in ends[piece])
        color = "#b0b0b0" if not learns else "C1" if piece == 6 else "C0"
        sides = [place, place + 0.92]
        axis.fill_between(
            sides,
            [-row - left, -row - right],
            [-row + left, -row + right],
            color=color,
        )
    axis.text(-0.2, -row, name, ha="right", va="center")
    axis.text(len(stage) + 0.1, -row, f"→ {gives[row]}", va="center", color=color)
    print(f"{name}: {sum(stage.values())} of {len(stage)} pieces learn")
axis.set(xlim=(-1.9, 7.3), ylim=(-4.5, 0.5))
axis.set_axis_off()
plt.show()

assert [list(stage) for stage in stages[:3]] == [[0, 5], [0, 1, 4], [0, 1, 2, 3]]
assert all(sum(stage.values()) == 2 for stage in stages[:3]), "one layer alone"
assert all(stages[3].values()) and len(stages[3]) == 6
