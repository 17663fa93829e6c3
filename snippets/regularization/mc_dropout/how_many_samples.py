"""How many passes are enough?

Negative log likelihood on new images of the mean of K passes with dropout, for a
network that learned 1,000 images by heart; the line is the mean of 20 draws of
K passes out of the same 200, the band their range. One pass is worse than the
plain prediction (dashed), two are better, and from about 30 on little is left to
gain.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=50, train_size=1_000)
network = lm.MLP([784, 100, 100, 100, 10])
lm.initialize(network)
lm.add_dropout(network, rate=0.2)
trainer = lm.quiet_trainer(max_epochs=60, limit_val_batches=0)
trainer.fit(lm.Classifier(network), data)
network.eval()
images, labels = data.test.images[:1_000], data.test.labels[:1_000]

with torch.no_grad():
    plain = nn.functional.cross_entropy(network(images), labels).item()
asked = lm.mc_dropout(network, images, samples=200, seed=0, keep_samples=True)
loss = {}
for passes in (1, 2, 4, 8, 16, 32, 64, 128):
    draws = []
    for _ in range(20):
        chosen = torch.randperm(200)[:passes]
        p = asked.samples[chosen].mean(dim=0).clamp(min=1e-9)
        draws.append(nn.functional.nll_loss(p.log(), labels).item())
    loss[passes] = (min(draws), float(np.mean(draws)), max(draws))
    print(f"{passes:3} passes: {loss[passes][1]:.2f}")
print(f"plain: {plain:.2f}")

low, mean, high = np.array(list(loss.values())).T
plt.semilogx(list(loss), mean, base=2)
plt.fill_between(list(loss), low, high, color="C0", alpha=0.2)
plt.axhline(plain, color="black", linestyle="--", linewidth=0.8)
plt.text(128, plain, "plain prediction", ha="right", va="bottom")
plt.xticks(list(loss), list(loss))
plt.xlabel("passes")
plt.ylabel("negative log likelihood")
plt.show()

assert loss[1][1] > plain > loss[2][1] > loss[8][1] > loss[64][1]
