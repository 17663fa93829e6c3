"""Which rates does a range test suggest?

Loss after each of the test's steps (thin line) and its moving mean (thick), at
rates that rise from 0.0001; soon after the last one shown the loss blows up. The
dashed lines are the two usual suggestions: the valley, in the middle of the long
way down, and the steepest point. The lowest loss of the moving mean lies far to
the right of both.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

torch.manual_seed(42)
network = lm.MLP([784, 100, 100, 100, 10])
lm.initialize(network)
model = lm.Classifier(network, partial(torch.optim.SGD, lr=0.1))
before = [weights.clone() for weights in model.parameters()]

data = lm.FashionMNIST(batch_size=128)
found = lm.range_test(model, data, lowest=1e-4)
from_lower = lm.range_test(model, data, lowest=1e-6)

valley, steepest = found.valley, found.steepest
valley_from_lower = from_lower.valley
lowest = found.rates[int(np.argmin(found.smoothed))]
last = found.rates[-1]
print(f"valley {valley:.1g}, steepest {steepest:.1g}")
print(f"lowest loss at {lowest:.1g}, stopped at {last:.1g}")
print(f"begun at 1e-06 instead: valley {valley_from_lower:.1g}")

shown_to = 0.3
shown = sum(rate < shown_to for rate in found.rates)
rates = found.rates[:shown]
plt.semilogx(rates, found.losses[:shown], color="C0", linewidth=0.6)
plt.semilogx(rates, found.smoothed[:shown], color="C0")
plt.text(valley * 0.93, 3.6, "valley", ha="right")
plt.text(steepest * 1.07, 3.6, "steepest")
for rate in (valley, steepest):
    plt.axvline(rate, color="black", linestyle="--", linewidth=0.8)
plt.ylim(0.5, 4)
plt.xlabel("learning rate")
plt.ylabel("training loss")
plt.show()

assert valley_from_lower < valley < steepest < lowest < shown_to < last < 2
assert all(map(torch.equal, model.parameters(), before)), "put back"
