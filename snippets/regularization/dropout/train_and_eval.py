"""Is a network with dropout better on new images than on those it learns from?

Accuracy over 20 epochs of training with four units in ten dropped. The
training accuracy as it is logged (orange) is measured with dropout on, while
the weights still move, and lies below that on new images (green). The same
training images, evaluated at the end of each epoch with dropout off (blue), are
the easier ones, as they should be.
"""

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch

import lightning_modules as lm


class AskAgain(pl.Callback):
    """At the end of each epoch: the training images, with dropout off."""

    def __init__(self):
        self.accuracy = []

    def on_train_epoch_end(self, trainer, model):
        model.eval()
        with torch.no_grad():
            answers = model(data.train.images).argmax(dim=1)
        right = (answers == data.train.labels).float().mean()
        self.accuracy.append(right.item())
        model.train()


torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=50, train_size=3_000)
network = lm.MLP([784, 100, 100, 100, 10])
lm.initialize(network)
lm.add_dropout(network, rate=0.4)
history, asked = lm.History(), AskAgain()
trainer = lm.quiet_trainer(max_epochs=20, callbacks=[history, asked])
trainer.fit(lm.Classifier(network), data)

logged, new = history["train/accuracy"], history["val/accuracy"]
final = {
    "as logged": logged[-1],
    "asked again": asked.accuracy[-1],
    "new": new[-1],
}
print(f"training images, as logged: {logged[-1]:.0%}")
print(f"training images, asked again without dropout: {asked.accuracy[-1]:.0%}")
print(f"new images: {new[-1]:.0%}")

epochs = range(1, 21)
plt.plot(epochs, asked.accuracy)
plt.plot(epochs, logged)
plt.plot(epochs, new)
plt.text(12, 0.88, "training images, asked again", color="C0", ha="right")
plt.text(11, 0.68, "training images, as logged", color="C1")
plt.text(20.3, new[-1], "new images", color="C2", va="center")
plt.xlim(1, 24)
plt.xticks((1, 5, 10, 15, 20))
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.show()

assert final["as logged"] < final["new"] < final["asked again"]
