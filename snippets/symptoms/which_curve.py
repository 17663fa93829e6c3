"""Which of these curves is yours, and which test tells it from the others?

Training loss (blue) and loss on new images (orange) over 150 steps. The first
network is healthy, each of the others has one fault. The dashed line is where
guessing is, ln 10; a cross marks where the loss is NaN. Some curves look alike,
as the three in the middle row: what is wrong shows in three tests.
"""

import math
from functools import partial

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm


def signal_left(network, data):
    """Gradient per weight: what is left at the first layer of the last one's."""
    report = lm.signal(network, data.train, cross_entropy)
    found = [row.gradient_rms for row in report if row.gradient_rms is not None]
    return found[0] / found[-1]


def gain_at_a_tenth(build, rate, data, losses):
    """The loss at the end, divided by what a tenth of the rate leads to."""
    cooler, _ = train(build(), rate / 10, data)
    return sum(losses[-50:]) / sum(cooler[-50:])


@torch.no_grad()
def accuracy(network, split):
    right = network(split.images).argmax(dim=1) == split.labels
    return right.float().mean().item()


def diagnose(left, gain, known, new):
    if left < 0.001:
        return "the signal is lost"
    if not gain < 2:  # nor is NaN
        return "the rate is too high"
    return "learnt by heart" if known - new > 0.1 else "healthy"


def train(network, rate, data, steps=150):
    (images, labels), (unseen, answers) = data.train, data.validation
    sgd = torch.optim.SGD(network.parameters(), rate)
    losses, new = [], []
    for step in range(steps):
        chosen = torch.randint(len(images), (32,))
        loss = cross_entropy(network(images[chosen]), labels[chosen])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        losses.append(loss.item())
        if step % 10 == 9:
            with torch.no_grad():
                new.append(cross_entropy(network(unseen), answers).item())
    return losses, new


def mlp(hidden, activation=nn.ReLU, default=False):
    torch.manual_seed(42)
    network = lm.MLP([64, *hidden, 10], activation)
    if not default:
        lm.initialize(network)
    return network


digits, few = lm.Digits(), lm.Digits(train_size=60)
random = lm.Digits(train_size=100, label_noise=0.9)  # labels that say nothing
healthy = partial(mlp, [50, 50])
cases = {  # what is seen: the network, the rate, the data
    "falls": (healthy, 0.1, digits),
    "NaN": (partial(mlp, [50, 50], nn.LeakyReLU), 10.0, digits),
    "rises": (partial(mlp, [50, 50], nn.Tanh), 3.0, digits),
    "flat": (partial(mlp, [50] * 15, default=True), 0.1, digits),
    "flat, sigmoid": (partial(mlp, [50] * 8, nn.Sigmoid), 0.1, digits),
    "a jump, then flat": (healthy, 3.0, digits),
    "up and down": (partial(mlp, []), 10.0, digits),
    "new images: worse": (healthy, 0.1, few),
    "new images: chance": (healthy, 0.1, random),
}
left, gain, known, new, dead, found = {}, {}, {}, {}, {}, {}
figure, axes = plt.subplots(3, 3, figsize=(5.2, 4.8), sharex=True, sharey=True)
for axis, (name, (build, rate, data)) in zip(
    axes.flat, cases.items(), strict=True
):
    network = build()
    left[name] = signal_left(network, data)
    losses, unseen = train(network, rate, data)
    gain[name] = gain_at_a_tenth(build, rate, data, losses)
    known[name] = accuracy(network, data.train)
    new[name] = accuracy(network, data.validation)
    found[name] = diagnose(left[name], gain[name], known[name], new[name])
    report = lm.signal(network, data.train)
    dead[name] = max(row.dead for row in report)
    print(f"{name}: {found[name]}")
    print(
        f"    signal {left[name]:.1g}, gain {gain[name]:.1g}, "
        f"accuracy {known[name]:.0%}, new images {new[name]:.0%}"
    )
    axis.plot(range(0, 150, 3), losses[::3], linewidth=1)
    axis.plot(range(10, 151, 10), unseen, linewidth=1)
    axis.axhline(math.log(10), color="black", linestyle="--", linewidth=0.8)
    if not math.isfinite(losses[-1]):
        last = sum(math.isfinite(loss) for loss in losses)
        axis.plot(last, 300, "x", color="C0")
    axis.set_title(name)
axes[0, 0].set_yscale("log")
axes[0, 0].set_ylim(0.005, 500)
axes[0, 0].set_yticks([0.01, 1, 100], ["0.01", "1", "100"])
axes[0, 0].set_xticks([0, 50, 100])
axes[2, 1].text(60, 0.012, "training", color="C0", ha="right")
axes[2, 1].text(145, 6, "new images", color="C1", ha="right")
for axis in axes.flat:
    axis.minorticks_off()
axes[1, 0].set_ylabel("loss")
axes[2, 1].set_xlabel("training step")
plt.show()

assert found["falls"] == "healthy"
for name in ("flat", "flat, sigmoid"):
    assert found[name] == "the signal is lost" and left[name] < 3e-4
for name in ("NaN", "rises", "a jump, then flat", "up and down"):
    assert found[name] == "the rate is too high" and left[name] > 0.1
for name in ("new images: worse", "new images: chance"):
    assert found[name] == "learnt by heart"
assert new["new images: chance"] < 0.3 < 0.55 < new["new images: worse"]
assert known["falls"] - new["falls"] < 0.06
assert dead["a jump, then flat"] > 0.8 and dead["falls"] < 0.3
assert dead["flat"] > 0.4, "and yet it is not what is wrong"
