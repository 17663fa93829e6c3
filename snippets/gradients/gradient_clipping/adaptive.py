"""What does AGC do for a deep network without normalization?

Left, at the first step: how long a unit's gradient is relative to its weights,
layer by layer (median and middle half of the units that get one). AGC shortens
all above the dashed line (a = 0.01) to it. Right, validation accuracy after 100
steps, by learning rate: mean and range of three seeds. Without clipping (orange)
next to nothing is learned at 0.1; with AGC (blue) that is a good rate.
"""

from itertools import chain, islice, repeat

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm
from lightning_modules.gradients.gradient_clipping_adaptive import (
    adaptive_clip_,
    unit_norms,
)


def train(data, seed, rate, clipping=None, steps=100):
    """Train twenty ReLU layers, and return them."""
    torch.manual_seed(seed)
    network = lm.MLP([64] + [50] * 20 + [10])
    lm.initialize(network)
    sgd = torch.optim.SGD(network.parameters(), rate, momentum=0.9, fused=True)
    clipped = list(network.parameters())[:-2]  # all but the output layer's
    batches = chain.from_iterable(repeat(data.train_dataloader()))
    for images, labels in islice(batches, steps):
        sgd.zero_grad()
        loss = nn.functional.cross_entropy(network(images), labels)
        loss.backward()
        if not loss.isfinite():
            break
        if clipping is not None:
            adaptive_clip_(clipped, [p.grad for p in clipped], clipping)
        sgd.step()
    return network


data = [lm.Digits(batch_size=32, seed=seed) for seed in range(3)]
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))

start = train(data[0], seed=0, rate=0.0, steps=1)  # for its gradients
ratios = torch.stack(
    [
        unit_norms(layer.weight.grad) / unit_norms(layer.weight.detach())
        for layer in start[1:-1:2]  # the dense layers but the last
    ]
)
share = (ratios > 0.01).float().mean().item()
print(f"first step: AGC shortens the gradients of {share:.0%} of the units")
getting_one = ratios.where(ratios > 0, torch.nan)
low, median, high = getting_one.nanquantile(
    torch.tensor([0.25, 0.5, 0.75]), dim=1
)
left.semilogy(range(1, 21), median)
left.fill_between(range(1, 21), low, high, alpha=0.2)
left.axhline(0.01, color="black", linestyle="--", linewidth=0.8)
left.set(
    xticks=(1, 5, 10, 15, 20),
    xlabel="layer",
    ylabel="gradient relative to weights",
)

mean, best_of = {}, {}
for name, clipping, rates, color in (
    ("AGC", 0.01, (0.01, 0.03, 0.1, 0.3), "C0"),
    ("no clipping", None, (0.001, 0.003, 0.01, 0.03, 0.1), "C1"),
):
    accuracy = torch.zeros(len(rates), 3)
    for row, rate in enumerate(rates):
        for seed in range(3):
            network = train(data[seed], seed, rate, clipping)
            images, labels = data[seed].validation
            right_ones = network(images).argmax(dim=1) == labels
            accuracy[row, seed] = right_ones.float().mean()
    mean[name] = dict(zip(rates, accuracy.mean(dim=1).tolist(), strict=True))
    best_of[name] = max(mean[name].values())
    at = mean[name][0.1]
    print(f"{name}: {at:.0%} at a rate of 0.1, {best_of[name]:.0%} at its best")
    right.semilogx(rates, mean[name].values(), marker="o", color=color)
    right.fill_between(
        rates, accuracy.amin(dim=1), accuracy.amax(dim=1), alpha=0.2, color=color
    )
right.text(0.05, 0.72, "AGC", color="C0")
right.text(0.0011, 0.58, "no clipping", color="C1")
right.set(xlabel="learning rate", ylabel="validation accuracy", ylim=(0, 0.8))
plt.show()

assert share > 0.3
assert mean["no clipping"][0.1] < 0.3 and mean["AGC"][0.1] > 0.45
assert best_of["AGC"] > best_of["no clipping"] + 0.03
