"""Does the inputs' scale matter, if each scale may choose its learning rate?

Validation accuracy after 300 steps of plain SGD, for each learning rate: the
same images as bytes (0 to 255), as fractions (0 to 1) and standardized (mean 0,
standard deviation 1). A curve that ends has diverged. Bytes train only at tiny
rates and never catch up; standardized inputs are ahead of fractions at every
rate that works.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data = lm.FashionMNIST(standardize=False)  # fractions
mean, std = data.train.images.mean(), data.train.images.std()
scales = {
    "bytes": lambda images: images * 255,
    "fractions": lambda images: images,
    "standardized": lambda images: (images - mean) / std,
}
rates = [10.0**power for power in range(-6, 1)]
best = {}
for name, scale in scales.items():
    images, unseen = scale(data.train.images), scale(data.validation.images)
    accuracies = []
    for rate in rates:
        torch.manual_seed(42)
        network = lm.MLP([784, 100, 100, 10])
        lm.initialize(network)
        optimizer = torch.optim.SGD(network.parameters(), lr=rate, fused=True)
        for _ in range(300):
            chosen = torch.randint(len(images), (64,))
            optimizer.zero_grad()
            loss = cross_entropy(
                network(images[chosen]), data.train.labels[chosen]
            )
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            right = network(unseen).argmax(dim=1) == data.validation.labels
        accuracies.append(
            right.float().mean().item() if loss.isfinite() else math.nan
        )
    best[name] = max(accuracy for accuracy in accuracies if accuracy > 0)
    best_rate = rates[accuracies.index(best[name])]
    print(
        f"{name}: at best {best[name]:.1%}, with a learning rate of {best_rate:g}"
    )
    plt.semilogx(rates, accuracies, marker="o", markersize=3, label=name)

plt.xlabel("learning rate")
plt.ylabel("validation accuracy")
plt.legend()
plt.show()

assert best["standardized"] > best["fractions"] > best["bytes"]
