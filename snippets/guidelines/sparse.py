"""How many weights can a network do without, and how small is its file then?

Accuracy on new images after the smallest weights have been set to zero, against
the part that is gone, for two trainings of the same network: with an ℓ1 penalty
(blue) and without (orange). The penalty costs accuracy from the start. Then
it pays: where one weight in ten is left (dashed), the blue network answers
about as well as before, and the other one does not.
"""

import copy

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.05, fused=True)


def to_zero(optimizer):
    return torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, 4 * 157)


def accuracy(network):
    with torch.no_grad():
        answers = network(data.test.images).argmax(dim=1)
    return (answers == data.test.labels).float().mean().item()


data = lm.FashionMNIST(batch_size=64, train_size=10_000)
gone = [0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98]
whole, sparse, size = {}, {}, {}
for way, callbacks, color in (
    ("with ℓ1", [lm.ProximalL1(0.005)], "C0"),
    ("without", [], "C1"),
):
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 10])
    lm.initialize(network)
    model = lm.Classifier(network, sgd, to_zero, interval="step")
    lm.quiet_trainer(max_epochs=4, callbacks=callbacks).fit(model, data)

    left = []
    for fraction in gone:
        pruned = copy.deepcopy(network)
        lm.prune_smallest_(pruned, fraction)
        left.append(accuracy(pruned))
        if fraction == 0.9:
            size[way] = lm.sparse_size(pruned).ratio
            kb = lm.sparse_size(pruned).sparse_bytes / 1000
    whole[way], sparse[way] = left[0], left[gone.index(0.9)]
    print(f"{way}: accuracy {whole[way]:.1%}, with 90% at zero {sparse[way]:.1%}")
    print(f"  file: {kb:.0f} kB, {size[way]:.1f} times smaller")
    plt.plot([100 * fraction for fraction in gone], left, color=color, marker=".")
    plt.text(100, left[-1], f" {way}", color=color, va="center")
plt.axvline(90, color="k", linestyle="--", linewidth=0.8)
plt.xlim(-3, 118)
plt.xticks(range(0, 101, 10))
plt.xlabel("weights set to zero (%)")
plt.ylabel("test accuracy")
plt.show()

assert sparse["with ℓ1"] > whole["with ℓ1"] - 0.03
assert sparse["with ℓ1"] > sparse["without"] + 0.05
assert whole["with ℓ1"] < whole["without"]
assert size["with ℓ1"] > 1.9
