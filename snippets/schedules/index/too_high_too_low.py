"""What does a learning rate do that is too low, right, or too high?

Training loss, each point the mean of ten steps, of the same network from the
same start at five constant rates. At 0.001 (blue) it is on its way and will be
for long. Each tenfold rate is faster, up to 0.1 (green). At 0.3 (purple) the
first steps go far astray, and the network has to find back first. At 1 the
loss is NaN within a few steps: that curve (amber) leaves at the top.
"""

import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128)
accuracy, broken = {}, {}
spots = {
    0.001: (301, 1.02),
    0.01: (301, 0.62),
    0.1: (301, 0.42),
    0.3: (127, 1.02),
}
for rate in (0.001, 0.01, 0.1, 0.3, 1.0):
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    model = lm.Classifier(network, partial(torch.optim.SGD, lr=rate))
    history = lm.History(every_step=True)
    trainer = lm.quiet_trainer(max_steps=300, callbacks=[history])
    trainer.fit(model, data)
    accuracy[rate] = trainer.validate(model, data)[0]["val/accuracy"]

    losses = history["train/loss_step"]
    finite = [loss for loss in losses if math.isfinite(loss)]
    if len(finite) < len(losses):
        broken[rate] = len(finite)
        print(f"rate {rate:5}: loss not finite at step {broken[rate]}")
        plt.plot(finite[:4])
        plt.text(14, 2.9, f"{rate:g}: NaN at step {broken[rate]}", color="C4")
        continue
    print(f"rate {rate:5}: validation accuracy {accuracy[rate]:.0%}")
    if rate == 0.3:
        start, astray = losses[0], max(losses[:30])
    means = np.reshape(losses, (-1, 10)).mean(axis=1)
    (line,) = plt.plot(np.arange(5, 300, 10), means)
    plt.text(*spots[rate], f"{rate:g}", color=line.get_color(), va="center")

plt.xlim(0, 330)
plt.ylim(0.3, 3.1)
plt.xlabel("training step")
plt.ylabel("training loss")
plt.show()

assert accuracy[0.001] < accuracy[0.01] < accuracy[0.1]
assert astray > start
assert accuracy[0.3] < accuracy[0.1] + 0.02
assert broken[1.0] < 50
