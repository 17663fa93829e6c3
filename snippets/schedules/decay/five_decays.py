"""Five ways down: which rates are really used, and what does the loss do?

Above, the rate that each step used: all five begin at 0.1. Power (blue) and
square root (orange) fall fast and then ever more slowly. Exponential (green) is
down to a tenth after half of the run. Piecewise constant (purple) falls there
all at once, and again at three quarters. Linear (amber) goes evenly to 0. Below,
the training loss, each point the mean of ten steps: it falls where the rate
falls, most visibly at the purple line's first step.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128)
decays = {
    "power": lm.PowerDecay,
    "square root": lm.SquareRootDecay,
    "exponential": lm.ExponentialDecay,
    "piecewise": lm.PiecewiseConstant,
    "linear": lm.LinearDecay,
}
spots = {
    "power": (8, 0.03),
    "square root": (370, 0.037),
    "exponential": (113, 0.035),
    "piecewise": (222, 0.09),
    "linear": (130, 0.074),
}
figure, (above, below) = plt.subplots(2, 1, figsize=(5.6, 4.6), sharex=True)
accuracy, used, losses = {}, {}, {}
for name, decay in decays.items():
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(network, sgd, decay, interval="step")
    rates, history = lm.RateHistory(), lm.History(every_step=True)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=[rates, history])
    trainer.fit(model, data)

    accuracy[name] = history["val/accuracy"][-1]
    used[name] = rates.rate()
    first, middle, last = (used[name][step] for step in (0, 215, 429))
    print(
        f"{name:11} rates {first:.4f} {middle:.4f} {last:.4f}, "
        f"validation accuracy {accuracy[name]:.0%}"
    )
    tens = np.reshape(history["train/loss_step"], (-1, 10))
    losses[name] = tens.mean(axis=1)
    (line,) = above.plot(used[name])
    below.plot(np.arange(5, 430, 10), losses[name])
    above.text(*spots[name], name, color=line.get_color())

above.set(ylabel="rate used", ylim=(0, 0.11))
below.set(ylabel="training loss", ylim=(0.3, 1.2), xlabel="training step")
plt.show()

low, high = min(accuracy.values()), max(accuracy.values())
assert all(rates[0] == 0.1 for rates in used.values())
assert len(set(used["piecewise"])) == 3
assert low > 0.75
before, after = losses["piecewise"][16:21], losses["piecewise"][22:27]
assert after.mean() < before.mean(), "the rate falls at step 215"
