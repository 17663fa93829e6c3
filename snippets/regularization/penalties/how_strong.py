"""Does ℓ1 allow more weights to be set to zero than training without it?

Validation accuracy when the smallest weights are set to zero, the more the
further to the right. Each line is the mean of three seeds, the band their
range. Without a penalty (gray) a third can go. With ℓ1 (proximal) more can go,
the more the larger λ; the largest λ starts lower, because by then it costs
accuracy itself.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def train(strength, seed):
    """Return a network that was trained with this λ."""
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    callbacks = [lm.ProximalL1(strength)] if strength else []
    trainer = lm.quiet_trainer(
        max_epochs=4, limit_val_batches=0, callbacks=callbacks
    )
    model = lm.Classifier(
        network,
        lambda p: torch.optim.SGD(p, lr=0.05, fused=True),
        lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.01, 4 * 79),
        interval="step",
    )
    trainer.fit(model, data)
    return network


@torch.no_grad()
def accuracies(network):
    """Validation accuracy with each fraction of the weights at zero."""
    weights = lm.split_parameters(network).penalized.values()
    sizes = torch.cat([weight.abs().flatten() for weight in weights])
    found = []
    for fraction in fractions:
        if fraction:
            below = sizes.quantile(float(fraction)).item()
            lm.zero_small_(network, below)
        answers = network(data.validation.images).argmax(dim=1)
        found.append((answers == data.validation.labels).float().mean().item())
    return found


data = lm.FashionMNIST(batch_size=64, train_size=5_000)
fractions = np.linspace(0, 0.9, 10)
at_once, at_70, means = {}, {}, {}
for strength, color in ((0.0, "C7"), (0.001, "C1"), (0.003, "C0")):
    runs = np.array([accuracies(train(strength, seed)) for seed in range(3)])
    mean = means[strength] = runs.mean(axis=0)
    at_once[strength], at_70[strength] = float(mean[0]), float(mean[7])
    print(f"λ {strength}: {mean[0]:.1%}, with 70% at zero {mean[7]:.1%}")
    plt.plot(fractions, mean, color=color)
    plt.fill_between(
        fractions, runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.2
    )
plt.text(0.71, 0.67, "no penalty", color="C7", ha="right")
plt.text(0.87, 0.63, "λ = 0.001", color="C1")
plt.text(0.83, 0.80, "λ = 0.003", color="C0")
plt.xlim(0, 1)
plt.ylim(0.6, 0.87)
plt.xlabel("fraction of the weights set to zero")
plt.ylabel("validation accuracy")
plt.show()

lost = 100 * (at_once[0.0] - at_once[0.003])
worth = float(fractions[(means[0.003] > means[0.0]).argmax()])
print(f"λ 0.003 is ahead from {worth:.0%} at zero on")

assert at_70[0.003] > at_70[0.001] > at_70[0.0]
assert 0 < worth < 0.7
