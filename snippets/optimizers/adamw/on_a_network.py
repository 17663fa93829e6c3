"""Does the difference show in a network?

A network on digits after 1,500 steps of Adam. By how much would each weight
decay, compared with the median weight? By AdamW (gray) all alike: each loses the
share ηλ. By an ℓ2 penalty in Adam (amber) each loses ηλ/√ŝ, which differs more
than tenfold among the weights of one network.
"""

from itertools import islice

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import lightning_modules as lm

epoch = list(islice(lm.Digits(batch_size=32).train_dataloader(), 39))

torch.manual_seed(42)
network = lm.MLP([64, 100, 100, 10])
lm.initialize(network)
adam = lm.Adam(network.parameters(), lr=1e-3)
for images, labels in (epoch * 39)[:1500]:
    loss = nn.functional.cross_entropy(network(images), labels)
    adam.zero_grad()
    loss.backward()
    adam.step()

matrices = [weight for weight in network.parameters() if weight.ndim == 2]
mean_squares = [adam.state[w]["exp_avg_sq"] / (1 - 0.999**1500) for w in matrices]
root = torch.cat([square.flatten() for square in mean_squares]).sqrt()
root = root[root > 1e-9]  # some pixels are always 0
relative = (root.median() / root).numpy()
low, high = np.percentile(relative, (5, 95))
about = round(1 / root.median().item(), -2)
print(f"nine weights of ten: {low:.1f} to {high:.1f} times the median's decay")
print(f"at the same λ the median decays {about:.0f} times as fast")

plt.ylim(top=3400)
plt.hist(relative, bins=np.logspace(-2, 3, 41), color="C4")
plt.xscale("log")
plt.axvline(1, color="C7", linewidth=2)
plt.text(0.8, 3150, "AdamW", color="C7", ha="right")
plt.text(6, 1200, "Adam + ℓ2", color="C4")
plt.xlabel("decay of a weight ÷ decay of the median weight")
plt.ylabel("weights")
plt.show()

assert high / low > 10
