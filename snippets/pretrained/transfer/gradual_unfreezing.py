"""Thawed from the top down: which layer trains when, and how far does it go?

How far each layer is from the weights that it came with, as a part of their
length, while a network that has learned the digits 0 to 7 learns to tell 8 from
9. Dotted: the epochs in which a layer is thawed. The deeper it lies, the later
it starts and the smaller its rate, so the less it forgets.
"""

from functools import partial

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch

import lightning_modules as lm

torch.manual_seed(42)
digits = lm.Digits()


def batches(digits_from, digits_to, split):
    images, labels = split
    chosen = (labels >= digits_from) & (labels <= digits_to)
    labels = labels[chosen] - digits_from
    return lm.InMemoryBatches(images[chosen], labels, 16, shuffle=True)


eight_classes = lm.MLP([64, 50, 50, 50, 8])
trainer = lm.quiet_trainer(max_epochs=5)
trainer.fit(
    lm.Classifier(eight_classes),
    batches(0, 7, digits.train),
    batches(0, 7, digits.validation),
)

network = lm.MLP([64, 50, 50, 50, 2])
lm.reuse(network, eight_classes, new=["7"])  # 1, 3 and 5 are taken over
layers = ["network.5", "network.3", "network.1"]


class Watch(pl.Callback):
    """Prints what trains in the first two epochs, and notes who has moved."""

    def __init__(self):
        self.moved = {name: [] for name in layers}

    def on_train_epoch_start(self, trainer, model):
        if trainer.current_epoch < 2:
            print(
                f"epoch {trainer.current_epoch}", unfreezing.table(), "", sep="\n"
            )

    def on_train_batch_end(self, trainer, model, *_):
        for name, distances in self.moved.items():
            now = model.get_submodule(name).weight.detach()
            then = eight_classes[int(name[-1])].weight.detach()
            distances.append(((now - then).norm() / then.norm()).item())


unfreezing, watch = lm.GradualUnfreezing(layers, factor=0.5), Watch()
trainer = lm.quiet_trainer(max_epochs=6, callbacks=[unfreezing, watch])
adam = partial(torch.optim.Adam, lr=0.01)
train = batches(8, 9, digits.train)
trainer.fit(
    lm.Classifier(network, adam, lm.LinearDecay),
    train,
    batches(8, 9, digits.validation),
)

for epoch, name in enumerate(layers, start=1):
    distances = watch.moved[name]
    plt.plot(distances, label=name)
    plt.axvline(epoch * len(train), color=f"C{epoch - 1}", linestyle=":")
    plt.text(len(distances), distances[-1], f" {name}", va="center")
    assert max(distances[: epoch * len(train)]) == 0, "frozen until then"
    assert distances[-1] > 0
moved = {name: distances[-1] for name, distances in watch.moved.items()}
plt.xlim(0, len(distances) * 1.2)
plt.xlabel("training step")
plt.ylabel("moved, as a part of its length")
plt.show()

assert moved["network.5"] > moved["network.1"]
