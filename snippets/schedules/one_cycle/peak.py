"""How high may the peak be?

Validation accuracy after 79 steps of 1cycle, at five peak rates. Each point is a
run, three from different starts for each peak. From 0.01 to 0.1 the peak hardly
matters, at 0.2 it depends on the start. At 0.4 the network explodes on the way
up and ends at chance. The dashed line is where a range test stops.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def make(peak, seed=42, schedule=None):
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    sgd = partial(torch.optim.SGD, lr=peak, momentum=0.9)
    return lm.Classifier(network, sgd, schedule, interval="step")


data = lm.FashionMNIST(batch_size=128, train_size=10_000)
stopped = lm.range_test(make(0.1), data, lowest=1e-4).rates[-1]
fifth = stopped / 5
print(f"the range test stops at {stopped:.1g}, a fifth of it is {fifth:.1g}")

accuracy = {}
for peak in (0.01, 0.03, 0.1, 0.2, 0.4):
    accuracy[peak] = []
    for seed in range(3):
        model = make(peak, seed, lm.OneCycle)
        trainer = lm.quiet_trainer(max_epochs=1)
        trainer.fit(model, data)
        metrics = trainer.callback_metrics
        accuracy[peak].append(metrics["val/accuracy"].item())
    low, high = min(accuracy[peak]), max(accuracy[peak])
    print(f"peak {peak:4}: validation accuracy {low:.0%} to {high:.0%}")
    plt.semilogx([peak] * 3, accuracy[peak], "o", color="C0", markersize=5)

plt.axvline(stopped, color="black", linestyle="--", linewidth=0.8)
plt.text(stopped * 0.95, 0.5, "range test stops", ha="right")
plt.xticks((0.01, 0.03, 0.1, 0.2, 0.4), ("0.01", "0.03", "0.1", "0.2", "0.4"))
plt.minorticks_off()
plt.ylim(0, 1)
plt.xlabel("peak of the learning rate")
plt.ylabel("validation accuracy")
plt.show()

assert max(accuracy[0.4]) < 0.3
assert min(accuracy[0.01] + accuracy[0.03] + accuracy[0.1]) > 0.7
assert 0.2 < stopped < 1.5
