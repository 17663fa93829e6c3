"""Cosine, after a warm-up, with restarts: which rates are really used?

Above, the rate that each step used. Plain (blue), it begins at its highest;
after a warm-up of a tenth of the run (orange) it begins at nearly nothing;
with two restarts (green) it jumps back up, and each cycle is twice as long as
the one before. Below, the training loss, each point the mean of ten steps: at
each restart the green line rises, and falls again with the rate.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128)
schedules = {
    "cosine": lm.CosineDecay,
    "warm-up": partial(lm.Warmup, steps=0.1, after=lm.CosineDecay),
    "restarts": partial(lm.CosineRestarts, cycles=3, lengthen=2.0),
}
figure, (above, below) = plt.subplots(2, 1, figsize=(5.6, 4.6), sharex=True)
accuracy, used, losses = {}, {}, {}
for name, schedule in schedules.items():
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(network, sgd, schedule, interval="step")
    rates, history = lm.RateHistory(), lm.History(every_step=True)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=[rates, history])
    trainer.fit(model, data)

    accuracy[name] = history["val/accuracy"][-1]
    used[name] = rates.rate()
    at = " ".join(f"{used[name][step]:.4f}" for step in (0, 43, 215, 429))
    print(f"{name:8} rates {at}, validation accuracy {accuracy[name]:.0%}")
    means = np.reshape(history["train/loss_step"], (-1, 10)).mean(axis=1)
    losses[name] = means
    above.plot(used[name])
    below.plot(np.arange(5, 430, 10), means)

restarts = [
    step
    for step in range(1, 430)
    if used["restarts"][step] > used["restarts"][step - 1]
]
print("restarts at steps", restarts)

above.text(198, 0.028, "cosine", color="C0")
above.text(50, 0.104, "warm-up", color="C1")
above.text(325, 0.075, "restarts", color="C2")
above.set(ylabel="rate used", ylim=(0, 0.115))
below.set(ylabel="training loss", ylim=(0.3, 1.2), xlabel="training step")
plt.show()

assert restarts == [62, 185]
assert abs(used["warm-up"][43] - 0.1) < 1e-9
assert losses["restarts"][19:21].mean() > losses["restarts"][16:18].mean()
