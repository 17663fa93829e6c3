"""What does ε do?

The length of a step, as a multiple of the rate, for gradients that keep their
size, against that size. Far above ε all gradients make steps of the rate: only
the sign counts. Far below, steps shrink with the gradient, as in gradient
descent. So ε says which gradients are too small to be amplified. Inside the
root (dotted) it acts from √ε on.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

sizes = torch.logspace(-10, 1, 56, dtype=torch.float64)


def step_lengths(eps, eps_inside=False):
    weights = torch.nn.Parameter(torch.zeros_like(sizes))
    optimizer = lm.RMSProp(
        [weights], lr=1.0, alpha=0.9, eps=eps, eps_inside=eps_inside
    )
    weights.grad = sizes.clone()
    for _ in range(200):  # long enough for the mean of squares to settle
        before = weights.detach().clone()
        optimizer.step()
    return before - weights.detach()


half = {}
for eps, inside, style, label in (
    (1e-8, False, "-", "10⁻⁸"),
    (1e-3, False, "-", "10⁻³"),
    (1e-8, True, ":", "10⁻⁸ inside"),
):
    lengths = step_lengths(eps, inside)
    plt.semilogx(sizes, lengths, color="C3", linestyle=style)
    half[label] = sizes[(lengths - 0.5).abs().argmin()].item()
    plt.text(
        half[label] * (0.6 if inside else 1.6),
        0.45,
        label,
        color="C3",
        ha="right" if inside else "left",
    )
    print(f"ε = {label}: half a step for gradients of {half[label]:.0e}")
plt.xlabel("size of the gradients")
plt.ylabel("step length ÷ learning rate")
plt.show()

assert 0.5e-8 < half["10⁻⁸"] < 2e-8 and 0.5e-3 < half["10⁻³"] < 2e-3
assert 0.3e-4 < half["10⁻⁸ inside"] < 2e-4, "half of the root"
