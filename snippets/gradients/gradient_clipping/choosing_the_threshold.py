"""Which threshold, and what does the share of clipped steps tell you?

Left, how long the gradient is in a run that nothing clips, at a low rate; the
dashed line is the 90th percentile. Right, the norm before clipping in runs that
are clipped (each point is the median of ten steps). At the low rate (blue)
it stays just below that line. At a rate thirty times higher (green) it is small
after a few steps, so hardly any more are clipped. Clipped at 1, that rate
(orange) behaves like the low one.
"""

import matplotlib.pyplot as plt
import numpy as np
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
        nn.init.eye_(self.rnn.weight_hh_l0)
        for bias in (self.rnn.bias_ih_l0, self.rnn.bias_hh_l0):
            nn.init.zeros_(bias)

    def forward(self, images):
        states, _ = self.rnn(images.squeeze(1))
        return self.decide(states[:, -1])


def train(rate, clipping):
    """Train for 200 steps and return the validation accuracy."""
    torch.manual_seed(42)
    model = lm.Classifier(
        RowByRow(), lambda p: torch.optim.SGD(p, lr=rate, momentum=0.9)
    )
    trainer = lm.quiet_trainer(max_steps=200, callbacks=[clipping])
    trainer.fit(model, data)
    return trainer.validate(model, data)[0]["val/accuracy"]


data = lm.FashionMNIST(batch_size=64)
log = lm.ClipGradientNorm(float("inf"), every_step=True)  # only measures
unclipped = train(0.001, log)
threshold = float(np.percentile(log.norms, 90))
print(f"rate 0.001, nothing clipped: validation accuracy {unclipped:.0%}")
print(f"90th percentile of its norms: {threshold:.0f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
left.hist(log.norms, bins=np.arange(0, 41, 1.5))
left.axvline(threshold, color="black", linestyle="--", linewidth=0.8)
left.set(xlabel="gradient norm, nothing clipped", ylabel="steps")

clipped, accuracy = {}, {}
for name, rate, limit, spot in (
    ("low rate", 0.001, threshold, (200, 20)),
    ("clipped hard", 0.03, 1.0, (200, 3.5)),
    ("high rate", 0.03, threshold, (200, 0.8)),
):
    clipping = lm.ClipGradientNorm(limit, every_step=True)
    accuracy[name] = train(rate, clipping)
    clipped[name] = clipping.clipped / clipping.steps
    print(
        f"rate {rate}, clipped at {limit:.0f}: {clipped[name]:.0%} of the steps, "
        f"validation accuracy {accuracy[name]:.0%}"
    )
    medians = np.median(np.reshape(clipping.norms, (-1, 10)), axis=1)
    (line,) = right.semilogy(range(5, 200, 10), medians)
    label = f"rate {rate}, clipped at {limit:.0f}"
    right.text(*spot, label, color=line.get_color(), ha="right")
right.axhline(threshold, color="black", linestyle="--", linewidth=0.8)
right.set_yticks((1, 2, 5, 10, 20), (1, 2, 5, 10, 20))
right.minorticks_off()
right.set(
    ylim=(0.7, 40), xlabel="training step", ylabel="gradient norm before clipping"
)
plt.show()

assert clipped["high rate"] < clipped["low rate"] - 0.02 < 0.25
assert clipped["clipped hard"] > 0.95
assert accuracy["low rate"] > accuracy["high rate"] + 0.05
assert accuracy["clipped hard"] > accuracy["high rate"] + 0.03
assert abs(accuracy["low rate"] - unclipped) < 0.12
