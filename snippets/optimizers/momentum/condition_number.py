"""How many steps does a narrower ravine cost?

Steps until the distance to the minimum is a millionth of what it was, against
the condition number κ, both on log scales. Gradient descent (black) needs
steps in proportion to κ, momentum (blue) to √κ; the dashed lines are
theory's: −ln(10⁻⁶) / −ln(factor per step). Each is run at its best settings.
"""

import math

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def steps_needed(kappa, optimizer_class, **settings):
    curvature = torch.tensor([1.0, kappa], dtype=torch.float64)
    weights = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer, steps = optimizer_class([weights], **settings), 0
    while weights.norm() > 1e-6 * 2**0.5:
        weights.grad = curvature * weights.detach()  # of (x² + κy²) / 2
        optimizer.step()
        steps += 1
    return steps


kappas = [3, 10, 30, 100, 300, 1000]
descent, momentum = [], []
for kappa in kappas:
    root = math.sqrt(kappa)
    best = {
        "lr": (2 / (1 + root)) ** 2,
        "momentum": ((root - 1) / (root + 1)) ** 2,
    }
    descent.append(steps_needed(kappa, torch.optim.SGD, lr=2 / (1 + kappa)))
    momentum.append(steps_needed(kappa, lm.Momentum, **best))
    print(f"κ = {kappa}: descent {descent[-1]} steps, momentum {momentum[-1]}")

factor = descent[-1] / momentum[-1]
print(f"at κ = {kappas[-1]} that is {factor:.0f} times as many")

needed = math.log(1e6)
for steps, power, color in ((descent, 1.0, "black"), (momentum, 0.5, "C0")):
    plt.loglog(kappas, steps, color=color, marker="o", markersize=4)
    ends = [k**power for k in kappas]
    theory = [needed / math.log((e + 1) / (e - 1)) for e in ends]
    plt.loglog(kappas, theory, color=color, linestyle="--", linewidth=0.8)
plt.text(60, 900, "gradient descent", ha="right")
plt.text(150, 50, "momentum", color="C0")
plt.xlabel("condition number κ")
plt.ylabel("steps")
plt.show()

assert descent[-1] / descent[-3] > 8, "ten times κ: about ten times the steps"
assert momentum[-1] / momentum[-3] < 4, "ten times κ: about √10 times the steps"
