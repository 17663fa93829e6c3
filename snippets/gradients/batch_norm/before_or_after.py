"""Batch norm before the activation or after it?

Validation accuracy of a 784-300-100-10 network after 150 steps of plain SGD,
against the learning rate: the mean of two seeds, the bars from the worse to the
better. At the lowest rate "after" is ahead by points. The higher the rate, the
smaller its lead, and the two peaks are about equally high. Six other seeds,
each order at its own best rate, say how equal: the last line printed.
"""

import matplotlib.pyplot as plt
import torch
from scipy import stats
from torch import nn

import lightning_modules as lm

data = lm.FashionMNIST()
images, labels = data.train
unseen, answers = data.validation


def layers(inputs, units, order):
    norm, activation = nn.BatchNorm1d(units), nn.ReLU()
    if order == "before":  # the norm's shift takes the place of the bias
        return nn.Linear(inputs, units, bias=False), norm, activation
    return nn.Linear(inputs, units), activation, norm


def accuracy_of(order, rate, seed):
    torch.manual_seed(seed)
    hidden = *layers(784, 300, order), *layers(300, 100, order)
    network = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(100, 10))
    lm.initialize(network, scheme="he")
    sgd = torch.optim.SGD(network.parameters(), lr=rate, fused=True)
    for _ in range(150):
        chosen = torch.randint(len(images), (32,))
        sgd.zero_grad()
        scores = network(images[chosen])
        nn.functional.cross_entropy(scores, labels[chosen]).backward()
        sgd.step()
    network.eval()
    with torch.no_grad():
        right = network(unseen).argmax(dim=1) == answers
    return right.float().mean().item()


rates = [0.003, 0.01, 0.03, 0.1, 0.3]
mean, best, others = {}, {}, {}
for order in ("before", "after"):
    pairs = [
        [accuracy_of(order, rate, seed) for seed in (0, 1)] for rate in rates
    ]
    mean[order] = [sum(pair) / 2 for pair in pairs]
    spread = [abs(pair[0] - pair[1]) / 2 for pair in pairs]
    plt.errorbar(
        rates,
        mean[order],
        spread,
        marker="o",
        markersize=3,
        capsize=3,
        label=order,
    )
    best[order] = rates[mean[order].index(max(mean[order]))]
    others[order] = [
        accuracy_of(order, best[order], seed) for seed in range(2, 8)
    ]
    print(
        f"{order}: best rate {best[order]:g}, "
        f"six other seeds there {sum(others[order]) / 6:.1%}"
    )

plt.xscale("log")
plt.xlabel("learning rate")
plt.ylabel("validation accuracy")
plt.legend()
plt.show()

low_rate_lead = 100 * (mean["after"][0] - mean["before"][0])
differences = [
    after - before
    for before, after in zip(others["before"], others["after"], strict=True)
]
interval = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
low, high = 100 * interval.low, 100 * interval.high
print(f"rate {rates[0]}: after - before = {low_rate_lead:+.1f} points")
print(f"best rates: after - before = {low:+.1f} to {high:+.1f} points (95%)")

assert low_rate_lead > 0
assert (low + high) / 2 < low_rate_lead
