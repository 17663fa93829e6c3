"""The same without Keras: what is new, and what is left out?"""

from functools import partial

import torch

import lightning_modules as lm

torch.manual_seed(42)
digits = lm.Digits()


def batches(split, old, count=None, size=32):
    images, labels = split
    chosen = labels < 8 if old else labels >= 8
    images, labels = images[chosen][:count], labels[chosen][:count]
    return lm.InMemoryBatches(images, labels - (0 if old else 8), size)


eight_classes = lm.Classifier(lm.MLP([64, 50, 50, 8]))
lm.quiet_trainer(max_epochs=5).fit(
    eight_classes, batches(digits.train, True), batches(digits.validation, True)
)

classifier = lm.Classifier(
    lm.MLP([64, 50, 50, 2]), partial(torch.optim.Adam, lr=0.01)
)
print(lm.reuse(classifier, eight_classes, new=["network.5"]))

unfreezing = lm.GradualUnfreezing(
    [["network.3", "network.1"]], at=[10], factor=0.1
)
trainer = lm.quiet_trainer(max_epochs=20, callbacks=[unfreezing])
trainer.fit(
    classifier,
    batches(digits.train, False, count=20),
    batches(digits.validation, False),
)
print(unfreezing.table())
accuracy = trainer.test(classifier, batches(digits.test, False))[0]
accuracy = accuracy["test/accuracy"]
print(f"8 or 9, from 20 images: {accuracy:.0%} of the test images")
assert accuracy > 0.7
