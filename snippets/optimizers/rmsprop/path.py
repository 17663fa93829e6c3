"""How does RMSProp go through a ravine, and does it arrive?

Left, 60 steps of gradient descent (black) and of RMSProp (purple, ρ = 0.9)
through a ravine along the axes: RMSProp moves both weights by about the rate,
whatever their slopes. Right, the distance to the minimum: gradient descent
comes ever closer, RMSProp stops at a distance of about its rate (dashed) and
hovers there. With a rate that falls by 3% a step from step 60 on (dotted) it
arrives.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

kappa, rate = 50, 0.2
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(optimizer_class, rate, steps=400, falls=1.0, **settings):
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = optimizer_class([weights], lr=rate, **settings), []
    for step in range(steps + 1):
        places.append(weights.detach().clone())
        if step >= 60:
            optimizer.param_groups[0]["lr"] *= falls
        loss = (curvature * weights**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(places)


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
x, y = torch.meshgrid(
    torch.linspace(-10, 3, 80), torch.linspace(-1.6, 1.6, 60), indexing="ij"
)
heights = (x**2 + kappa * y**2) / 2
left.contour(
    x, y, heights, levels=[1, 6, 20, 50, 100], colors="#b0b0b0", linewidths=0.7
)
end = {}
for name, color, style, places in (
    ("gradient descent", "black", "-", way(torch.optim.SGD, 2 / (1 + kappa))),
    ("RMSProp", "C3", "-", way(lm.RMSProp, rate, alpha=0.9)),
    ("RMSProp, falling", "C3", ":", way(lm.RMSProp, rate, alpha=0.9, falls=0.97)),
):
    distance = places.norm(dim=1)
    if style == "-":
        left.plot(*places[:60].T, color=color, linewidth=1.1)
    right.semilogy(distance, color=color, linestyle=style)
    end[name] = distance[300:].max().item()
left.grid(visible=False)
left.set(xlabel="along the ravine", ylabel="across it")
right.axhline(rate, color="C3", linestyle="--", linewidth=0.8)
right.text(400, 0.32, "RMSProp", color="C3", ha="right")
right.text(180, 1.5e-4, "its rate falls", color="C3", ha="right")
right.text(215, 2e-2, "gradient descent")
right.set(xlabel="step", ylabel="distance to the minimum", ylim=(1e-7, 20))
plt.show()

print(f"RMSProp hovers at a distance of {end['RMSProp']:.1f}")
assert end["gradient descent"] < 1e-3 and end["RMSProp, falling"] < 1e-2
assert 0.1 * rate < end["RMSProp"] < 3 * rate
