"""Layers that Keras has trained, a head that Lightning trains: is it the same?

The layers give in Lightning what they give in Keras. Then a new head learns to
tell 8 from 9 from 20 images, above them while they are frozen, and with them at
a tenth of its rate from the eleventh epoch on.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"

from copy import deepcopy
from functools import partial

import keras
import torch
from torch import nn

import lightning_modules as lm

keras.utils.set_random_seed(42)
images, labels = lm.Digits().train
old = labels < 8
model = keras.Sequential(
    [
        keras.Input((1, 8, 8)),
        keras.layers.Flatten(name="flatten"),
        keras.layers.Dense(50, activation="relu", name="lower"),
        keras.layers.Dense(50, activation="relu", name="upper"),
        keras.layers.Dense(8, name="eight"),
    ]
)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("adam", loss)
model.fit(images[old], labels[old], batch_size=32, epochs=5, verbose=0)

# Without deepcopy, training here would change the Keras model as well.
body = deepcopy(lm.KerasModule(model.layers[:-1]))
network = nn.Sequential(body, nn.Linear(50, 2))

codes = keras.Model(model.inputs, model.get_layer("upper").output)
with torch.no_grad():
    in_keras = codes(images, training=False)
    largest = (body(images) - in_keras).abs().max().item()
print(f"largest difference before training: {largest:.0e}")

new_images, new_labels = images[~old][:20], labels[~old][:20] - 8
unfreezing = lm.GradualUnfreezing(["network.0"], at=[10], factor=0.1)
classifier = lm.Classifier(network, partial(torch.optim.Adam, lr=0.01))
trainer = lm.quiet_trainer(max_epochs=20, callbacks=[unfreezing])
train = lm.InMemoryBatches(new_images, new_labels, 20)
unseen = lm.Digits().test
new = unseen.labels >= 8
test = lm.InMemoryBatches(unseen.images[new], unseen.labels[new] - 8, 100)
trainer.fit(classifier, train, test)
print(unfreezing.table())
accuracy = trainer.test(classifier, test)[0]["test/accuracy"]
print(f"8 or 9, from 20 images: {accuracy:.0%} of the test images")

with torch.no_grad():
    moved = (body(images) - in_keras).abs().max().item()
    own = (codes(images, training=False) - in_keras).abs().max().item()
print(
    f"its outputs have moved by up to {moved:.1f}, the Keras model's by {own:.0f}"
)

assert largest < 1e-6
assert moved > 0.01
assert own == 0
assert accuracy > 0.7
