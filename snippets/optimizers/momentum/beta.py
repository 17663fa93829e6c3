"""What does too little momentum do, and too much?

Left, the way along the floor of the ravine of condition number 50, at the
rate 1/κ, for three values of β. Right, the part of the distance that a step
leaves, measured (dots) and as theory has it (line). It is least at the critical
β, (1 − √η)² where the curvature is 1. Below it the ball sinks as if in
syrup; above it, it rings, and each step leaves √β of the swing, whatever the
ravine.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

kappa = 50
rate = 1 / kappa
critical = (1 - rate**0.5) ** 2
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(beta, steps):
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = lm.Momentum([weights], lr=rate, momentum=beta), []
    for _ in range(steps + 1):
        places.append(weights.detach().clone())
        weights.grad = curvature * weights.detach()  # of (x² + κy²) / 2
        optimizer.step()
    return torch.stack(places)


def theory(beta):
    """The largest root of z² − (1 + β − ηk)z + β over both curvatures k."""
    return max(
        abs(np.roots([1, -(1 + beta - rate * value), beta])).max()
        for value in (1, kappa)
    )


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
print(f"critical β: {critical:.2f}")
for beta, style, spot in (
    (0.0, "--", (52, -4.6)),
    (critical, "-", (30, -1.6)),
    (0.97, ":", (24, 6.2)),
):
    left.plot(way(beta, 100)[:, 0], color="C0", linestyle=style)
    left.text(*spot, f"β = {beta:.2f}", color="C0")
left.axhline(0, color="black", linewidth=0.7)
left.set(xlabel="step", ylabel="position along the ravine")

kept = {}
for beta in (0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.99):
    distance = way(beta, 400).norm(dim=1)
    peaks = [distance[start : start + 100].max() for start in (100, 300)]
    kept[beta] = ((peaks[1] / peaks[0]) ** (1 / 200)).item()
    assert abs(kept[beta] - theory(beta)) < 0.01
right.plot(kept.keys(), kept.values(), color="C0", marker="o", linestyle="none")
betas = np.linspace(0, 0.999, 200)
right.plot(betas, [theory(beta) for beta in betas], color="C0", linewidth=1)
right.axvline(critical, color="black", linestyle="--", linewidth=0.7)
right.text(critical - 0.02, 0.87, "critical β", ha="right")
right.set(xlabel="β", ylabel="distance left by a step, as a fraction")
plt.show()

half = {}
for beta in (0.0, 0.9, 0.99):
    half[beta] = -np.log(2) / np.log(kept[beta])
    share, steps = kept[beta], half[beta]
    print(
        f"β = {beta}: a step leaves {share:.2f}, half is gone after {steps:.0f}"
    )
assert min(theory(beta) for beta in betas) > theory(critical) - 1e-3
