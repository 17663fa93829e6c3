"""How well is a feature learned that is seldom there?

Eight features, each present half as often as the one before it; the answer is
their sum, with noise. How far the weights are from the right value 1 after 2,000
single examples, as the root mean square over 50 repetitions. Gradient descent
(black) and AdaGrad (green) each have the rate of a grid with the lowest error on
the way. AdaGrad's rates differ between features, so the rare ones learn too.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

torch.manual_seed(42)
repetitions, examples = 50, 2000
shares = 0.5 ** torch.arange(1, 9)  # 50%, 25%, … 0.4%
inputs = (torch.rand(examples, repetitions, 8) < shares).float()
noise = 0.5 * torch.randn(examples, repetitions)


def learn(optimizer_class, rate):
    """The mean error on the way, the weights and the optimizer's state."""
    weights, total = torch.nn.Parameter(torch.zeros(repetitions, 8)), 0.0
    optimizer = optimizer_class([weights], lr=rate)  # all repetitions at once
    for x, e in zip(inputs, noise, strict=True):
        error = (x * (weights.detach() - 1)).sum(dim=1)
        weights.grad = x * (error - e)[:, None]  # of (x·w − x·1 − e)² / 2
        optimizer.step()
        total += (error**2).mean().item()
    return total / examples, rate, weights.detach(), optimizer.state[weights]


percent = [f"{100 * share:.2g}%" for share in shares.tolist()]
on_the_way, rarest = {}, {}
for name, optimizer_class, color, spot in (
    ("gradient descent", torch.optim.SGD, "black", (4.2, 0.36)),
    ("AdaGrad", lm.AdaGrad, "C2", (6.3, 0.13)),
):
    runs = [
        learn(optimizer_class, rate) for rate in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    ]
    error, rate, weights, state = min(runs, key=lambda run: run[0])
    off = (weights - 1).square().mean(dim=0).sqrt()
    on_the_way[name], rarest[name] = error, off[-1].item()
    print(f"{name}, rate {rate}: mean square error on the way {error:.3f}")
    plt.plot(percent, off, color=color, marker="o")
    plt.text(*spot, name, color=color)
per_feature = (
    (rate / state["sum"].sqrt()).nan_to_num(posinf=rate).median(dim=0).values
)
ratio = (per_feature[-1] / per_feature[0]).item()
print(f"AdaGrad's rate for the rarest is {ratio:.0f} times that for the first")
plt.ylim(bottom=0)
plt.xlabel("share of the examples that have the feature")
plt.ylabel("weight's distance from 1")
plt.show()

assert on_the_way["AdaGrad"] < 0.75 * on_the_way["gradient descent"]
assert rarest["AdaGrad"] < 0.7 * rarest["gradient descent"]
