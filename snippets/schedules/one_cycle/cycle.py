"""1cycle in two and in three phases: which rates and momenta are really used?

At the top, the rate that each step used, in the middle the momentum, below the
training loss (each point the mean of ten steps). Two phases in waves (blue): up
for three tenths of the run, down for the rest. Three phases in straight lines
(orange), as in the paper: up, down to where it began, and then to nearly 0.
Momentum is low where the rate is high. Around the peak the loss falls slowly and
unevenly; when the rate comes down, so does the loss, to the end.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128)
cycles = {
    "two phases": lm.OneCycle,
    "three phases": partial(
        lm.OneCycle, rise=0.4, three_phase=True, shape="linear"
    ),
}
figure, (top, middle, below) = plt.subplots(3, 1, figsize=(5.6, 5.6), sharex=True)
accuracy, peak_step = {}, {}
for name, cycle in cycles.items():
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=0.2, momentum=0.9)
    model = lm.Classifier(network, sgd, cycle, interval="step")
    rates, history = lm.RateHistory(), lm.History(every_step=True)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=[rates, history])
    trainer.fit(model, data)

    used, momenta = rates.rate(), rates.momentum()
    accuracy[name] = history["val/accuracy"][-1]
    peak_step[name] = int(np.argmax(used))
    print(
        f"{name}: first rate {used[0]:.3f}, peak {max(used):.3f} at step "
        f"{peak_step[name]}, last {used[-1]:.0e}"
    )
    print(
        f"   momentum {momenta[0]:.2f}, at the peak "
        f"{momenta[peak_step[name]]:.2f}, at the end {momenta[-1]:.2f}; "
        f"validation accuracy {accuracy[name]:.0%}"
    )
    losses = np.reshape(history["train/loss_step"], (-1, 10)).mean(axis=1)
    top.plot(used)
    middle.plot(momenta)
    below.plot(np.arange(5, 430, 10), losses)

top.text(250, 0.15, "two phases", color="C0")
top.text(172, 0.207, "three phases", color="C1", ha="center")
top.set(ylabel="rate used", ylim=(0, 0.23))
middle.set(ylabel="momentum used")
below.set(ylabel="training loss", ylim=(0.3, 1.2), xlabel="training step")
plt.show()

assert peak_step == {"two phases": 128, "three phases": 171}
assert min(accuracy.values()) > 0.8
