"""What does clipping change in a network whose gradients explode?

Gradient norm before clipping, at each step of the same recurrent network from
the same start (both axes are logarithmic). Without clipping (orange) the norm
grows from step to step until weights and loss are NaN. Clipped at norm 10 (the
dashed line), the network (blue) is thrown about for some steps and then calms
down: clipping acts on a few steps, most of them early, and the network trains.
"""

import math
from itertools import islice

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm


class RowByRow(nn.Module):
    """Reads an image's 28 rows one after the other, then decides."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(28, 64, nonlinearity="relu", batch_first=True)
        self.decide = nn.Linear(64, 10)
        nn.init.normal_(self.rnn.weight_ih_l0, std=0.03)
        nn.init.eye_(self.rnn.weight_hh_l0)  # remembers everything at first
        for bias in (self.rnn.bias_ih_l0, self.rnn.bias_hh_l0):
            nn.init.zeros_(bias)

    def forward(self, images):
        states, _ = self.rnn(images.squeeze(1))
        return self.decide(states[:, -1])


def train(max_norm, steps=300):
    """Return the network and its gradient's norm before clipping, each step."""
    torch.manual_seed(42)
    network, norms = RowByRow(), []
    sgd = torch.optim.SGD(network.parameters(), lr=0.03, momentum=0.9)
    for images, labels in islice(data.train_dataloader(), steps):
        loss = nn.functional.cross_entropy(network(images), labels)
        sgd.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), max_norm)
        sgd.step()
        norms.append(norm.item())  # before clipping: that is what it returns
        if not norm.isfinite():
            break
    return network, norms


data = lm.FashionMNIST(batch_size=64)
_, exploding = train(max_norm=math.inf)
last = len(exploding)
print(f"without clipping: no finite gradient is left at step {last}")

network, norms = train(max_norm=10)
clipped = sum(norm > 10 for norm in norms) / len(norms)
with torch.no_grad():
    answers = network(data.validation.images).argmax(dim=1)
accuracy = (answers == data.validation.labels).float().mean().item()
print(f"clipped at 10: {clipped:.0%} of the steps, the longest {max(norms):.0f}")
print(f"validation accuracy after {len(norms)} steps: {accuracy:.0%}")

plt.loglog(range(1, len(norms) + 1), norms)
plt.loglog(range(1, last), exploding[:-1], marker="o", markersize=4)
plt.annotate(
    f"without clipping: NaN at step {last}",
    (last - 1, exploding[-2]),
    (6, -3),
    textcoords="offset points",
    color="C1",
)
plt.text(18, 60, "clipped at 10", color="C0")
plt.axhline(10, color="black", linestyle="--", linewidth=0.8, zorder=0)
plt.xlabel("training step")
plt.ylabel("gradient norm before clipping")
plt.show()

assert not math.isfinite(exploding[-1]) and last < 50
assert 0.01 < clipped < 0.1
assert accuracy > 0.4
