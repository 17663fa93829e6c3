"""A rate that is too high for the first steps: what does a warm-up change?

Training loss, each point the mean of five steps, under a cosine from rate 0.2
with momentum 0.9; three starts of each kind. Without a warm-up (orange) the
first steps throw the network far away, and seldom does it make up for it. After
a warm-up of three tenths of the run (blue) it learns.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128, train_size=19_200)
warm = partial(lm.Warmup, steps=0.3, after=lm.CosineDecay)
accuracy = {}
for color, (name, schedule) in enumerate(
    {"with warm-up": warm, "without": lm.CosineDecay}.items()
):
    accuracy[name] = []
    for seed in range(3):
        torch.manual_seed(seed)
        network = lm.MLP([784, 100, 100, 100, 10])
        lm.initialize(network)
        sgd = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
        model = lm.Classifier(network, sgd, schedule, interval="step")
        history = lm.History(every_step=True)
        trainer = lm.quiet_trainer(max_epochs=1, callbacks=[history])
        trainer.fit(model, data)
        accuracy[name].append(history["val/accuracy"][-1])
        losses = np.reshape(history["train/loss_step"], (-1, 5)).mean(axis=1)
        plt.plot(np.arange(2.5, 150, 5), losses, color=f"C{color}")
    print(f"{name}: validation accuracy", *(f"{a:.0%}" for a in accuracy[name]))

plt.text(100, 2.45, "without", color="C1")
plt.text(100, 1.2, "with warm-up", color="C0")
plt.ylim(0, 4)
plt.xlabel("training step")
plt.ylabel("training loss")
plt.show()

worst, best = min(accuracy["without"]), max(accuracy["without"])
least = min(accuracy["with warm-up"])
mean = {name: sum(found) / 3 for name, found in accuracy.items()}
assert mean["with warm-up"] > mean["without"] + 0.1
