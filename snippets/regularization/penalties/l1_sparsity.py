"""How many weights does an ℓ1 penalty make zero?

How large the weights of a trained network are, as a histogram of |w| (both axes
are logarithmic). Without a penalty (gray) most lie between 0.01 and 0.1. By the
subgradient (orange) ℓ1 makes a second heap of weights a thousand times smaller,
none of them zero. The proximal step (blue) makes the same heap and sets a part
of it to exactly zero: the bar at the left.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.05, fused=True)


def to_zero(optimizer):
    return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 4 * 157)


def accuracy():
    return trainer.validate(model, data)[0]["val/accuracy"]


data = lm.FashionMNIST(batch_size=64, train_size=10_000)
zero, small, before, after = {}, {}, {}, {}
for name, callbacks, color in (
    ("no penalty", [], "C7"),
    ("subgradient", [lm.SubgradientL1(0.003)], "C1"),
    ("proximal", [lm.ProximalL1(0.003)], "C0"),
):
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    model = lm.Classifier(network, sgd, to_zero, interval="step")
    trainer = lm.quiet_trainer(max_epochs=4, callbacks=callbacks)
    trainer.fit(model, data)

    weights = lm.split_parameters(network).penalized.values()
    numbers = torch.cat([weight.detach().flatten() for weight in weights])
    zero[name] = lm.fraction_small(weights)
    small[name] = lm.fraction_small(weights, below=0.01)
    before[name] = accuracy()
    lm.zero_small_(network, below=0.01)
    after[name] = accuracy()
    print(f"{name}: {zero[name]:.0%} zero, {small[name]:.0%} up to 0.01")
    print(f"  accuracy {before[name]:.1%}, with these at zero {after[name]:.1%}")

    size = numbers[numbers != 0].abs().log10().numpy()
    plt.hist(size, np.arange(-6.5, 0.6, 0.1), histtype="step", color=color)
    if zero[name]:
        plt.bar(-7.2, (numbers == 0).sum().item(), width=0.2, color=color)
plt.text(-7.0, 30_000, "exactly zero (proximal)", color="C0")
plt.text(-5.3, 6_000, "subgradient", color="C1", ha="center")
plt.text(-5.3, 500, "proximal", color="C0", ha="center")
plt.text(-1.2, 14_000, "no penalty", color="C7", ha="center")
plt.ylim(1, 100_000)
plt.yscale("log")
plt.xticks(
    (-7.2, -5, -4, -3, -2, -1, 0),
    ("0", "0.00001", "0.0001", "0.001", "0.01", "0.1", "1"),
)
plt.xlabel("absolute value of a weight")
plt.ylabel("number of weights")
plt.show()

assert zero["subgradient"] == 0 and 0.05 < zero["proximal"] < 0.4
assert small["proximal"] > 0.5 > 0.25 > small["no penalty"]
assert abs(after["proximal"] - before["proximal"]) < 0.02
