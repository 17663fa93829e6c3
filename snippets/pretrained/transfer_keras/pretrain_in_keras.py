"""Keras begins, Lightning goes on: does a network notice the change of hands?

Validation accuracy on the digits 0 to 7. Keras trains for five epochs (blue),
then Lightning trains the very same weights for five more (orange). The dashed
line is where the hand-over takes place: before another step is made, Lightning
measures what Keras has measured.
"""

import os

os.environ["KERAS_BACKEND"] = "torch"  # before the first import of Keras

import keras
import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

keras.utils.set_random_seed(42)
digits = lm.Digits()
(images, labels), (unseen, answers) = (
    (split.images[split.labels < 8], split.labels[split.labels < 8])
    for split in (digits.train, digits.validation)
)

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
model.compile("adam", loss, metrics=["accuracy"])
by_keras = model.fit(
    images,
    labels,
    batch_size=32,
    epochs=5,
    validation_data=(unseen, answers),
    verbose=0,
).history["val_accuracy"]

network = lm.KerasModule(model)
print("a module of torch:   ", isinstance(model, torch.nn.Module))
print("its own first name:  ", next(iter(model.state_dict())))
print("names in KerasModule:", *list(network.state_dict())[:2])

train = lm.InMemoryBatches(images, labels, 32, shuffle=True)
validation = lm.InMemoryBatches(unseen, answers, 500)
trainer = lm.quiet_trainer()
measured = trainer.validate(lm.Classifier(network), validation)
at_first = measured[0]["val/accuracy"]
history = lm.History()
trainer = lm.quiet_trainer(max_epochs=5, callbacks=[history])
trainer.fit(lm.Classifier(network), train, validation)
by_lightning = [at_first, *history["val/accuracy"]]
print(f"after five epochs: Keras {by_keras[-1]:.1%}, Lightning {at_first:.1%}")

plt.plot(range(1, 6), by_keras, "o-")
plt.plot(range(5, 11), by_lightning, "o-")
plt.axvline(5, color="black", linestyle="--")
plt.text(2.5, by_keras[1] - 0.05, "Keras", color="C0")
plt.text(7.5, by_lightning[0] - 0.05, "Lightning", color="C1", ha="center")
plt.xlabel("epoch")
plt.ylabel("validation accuracy")
plt.show()

assert abs(at_first - by_keras[-1]) < 1e-6
