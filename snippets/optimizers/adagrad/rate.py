"""Which rate does AdaGrad need?

The loss of a small network on digits after 200 steps, against the rate.
AdaGrad's (green) first step is as long as the rate for every weight, whatever the
gradients, and weights are of size 0.1, so a rate of 1 throws them away. Gradient
descent (black), whose steps are as long as the gradients say, stands it.
"""

from itertools import islice

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

batches = list(islice(lm.Digits(batch_size=64).train_dataloader(), 20)) * 10


def final_loss(optimizer_class, rate):
    torch.manual_seed(42)
    network = lm.MLP([64, 50, 10])
    lm.initialize(network)
    optimizer, losses = optimizer_class(network.parameters(), lr=rate), []
    for images, labels in batches:
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses[-20:]) / 20  # over all batches


rates = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0]
losses = {}
for name, optimizer_class, color in (
    ("gradient descent", torch.optim.SGD, "black"),
    ("AdaGrad", lm.AdaGrad, "C2"),
):
    losses[name] = {rate: final_loss(optimizer_class, rate) for rate in rates}
    plt.loglog(
        rates, losses[name].values(), color=color, marker="o", markersize=4
    )
plt.text(1.2e-3, 0.35, "AdaGrad", color="C2")
plt.text(5e-3, 1.7, "gradient descent")
plt.xlabel("learning rate")
plt.ylabel("loss after 200 steps")
plt.show()

for rate in (1e-3, 1e-2, 0.1, 1.0):
    print(f"AdaGrad at {rate}: loss {losses['AdaGrad'][rate]:.2f}")
print(f"gradient descent at 1.0: loss {losses['gradient descent'][1.0]:.2f}")

assert losses["AdaGrad"][1.0] > 5 * losses["AdaGrad"][0.1]
assert losses["gradient descent"][1.0] < losses["gradient descent"][0.1]
