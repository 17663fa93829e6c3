"""Which weights decay?

Weights start at 1 and get gradients of pure noise, whose size differs from weight
to weight (across). What is left of them after 3,000 steps, at the same rate and
weight_decay. AdamW (gray) takes the same share of each. Adam with an ℓ2 penalty
(amber) divides the penalty by the size of the gradients: it wipes out weights
with small gradients, and those with large ones do not decay at all.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

rate, decay, steps = 1e-3, 0.1, 3000
sizes = torch.logspace(-2, 2, 9, dtype=torch.float64)


def left(optimizer_class):
    torch.manual_seed(42)
    weights = torch.nn.Parameter(torch.ones(len(sizes), 200, dtype=torch.float64))
    optimizer = optimizer_class([weights], lr=rate, weight_decay=decay)
    for _ in range(steps):
        weights.grad = sizes[:, None] * torch.randn(weights.shape).double()
        optimizer.step()
    return weights.detach().mean(dim=1)


expected = (1 - rate * decay) ** steps
adamw, adam = left(lm.AdamW), left(lm.Adam)
plt.semilogx(sizes, adamw, color="C7", marker="o", markersize=4)
plt.semilogx(sizes, adam, color="C4", marker="o", markersize=4)
plt.axhline(expected, color="black", linestyle="--", linewidth=0.8)
plt.text(0.012, 0.78, "AdamW", color="C7")
plt.text(2.2, 0.9, "Adam + ℓ2", color="C4", ha="right")
plt.xlabel("size of the weight's gradients")
plt.ylabel("part of the weight that is left")
plt.show()

small, large = adam[0].item(), adam[-1].item()
kept = adamw.mean().item()
print(f"AdamW leaves {kept:.2f} of all, expected {expected:.2f}")
print(
    f"Adam + ℓ2 leaves {small:.2f} with small gradients, {large:.2f} with large"
)
assert (adamw - expected).abs().max() < 0.03
assert abs(small) < 0.05 and large > 0.95
