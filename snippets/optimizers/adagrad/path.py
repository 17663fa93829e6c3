"""Does AdaGrad see through a ravine?

80 steps of gradient descent (black) and of AdaGrad (green). Each has the rate
of a grid that ends closest, of those with which it never climbs above its start.
Left, a ravine along the axes: AdaGrad, with a rate for each weight, goes as if
there were none. Right, the same ravine turned by 45 degrees: the gradients of
both weights now have one size, there is nothing to even out, and the steep
direction uses up the rate of the flat one.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

curvature = torch.tensor([1.0, 50.0], dtype=torch.float64)


def way(optimizer_class, turn, rate, steps=80):
    weights = torch.nn.Parameter(turn.T @ torch.tensor([-9.0, 1.2]).double())
    optimizer, places = optimizer_class([weights], lr=rate), []
    for _ in range(steps + 1):
        places.append(weights.detach().clone())
        loss = (curvature * (turn @ weights) ** 2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(places)


figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.4))
left_over = {}
for name, angle, panel in (
    ("along the axes", 0, axes[0]),
    ("turned", 45, axes[1]),
):
    radians = torch.tensor(angle).deg2rad().double()
    turn = torch.stack(
        [radians.cos(), radians.sin(), -radians.sin(), radians.cos()]
    )
    turn = turn.view(2, 2)
    x, y = torch.meshgrid(
        torch.linspace(-11, 4, 80), torch.linspace(-10, 4, 80), indexing="ij"
    )
    inside = torch.stack([x, y], dim=-1).double() @ turn.T
    heights = (curvature * inside**2).sum(dim=-1) / 2
    levels = [1, 6, 20, 50, 100]
    panel.contour(x, y, heights, levels=levels, colors="#b0b0b0", linewidths=0.7)
    for optimizer, optimizer_class, color in (
        ("gradient descent", torch.optim.SGD, "black"),
        ("AdaGrad", lm.AdaGrad, "C2"),
    ):
        rates = (0.01, 0.02, 0.039, 0.1, 0.3, 1.0, 3.0, 10.0)
        ways = [way(optimizer_class, turn, rate) for rate in rates]
        heights = [
            (curvature * (places @ turn.T) ** 2).sum(dim=1) for places in ways
        ]
        calm = [
            w for w, h in zip(ways, heights, strict=True) if (h <= h[0]).all()
        ]
        best = min(calm, key=lambda places: places[-1].norm())
        panel.plot(*best.T, color=color, linewidth=1.1)
        left = (best[-1].norm() / best[0].norm()).item()
        left_over[f"{optimizer}, {name}"] = left
        print(f"{name}: {optimizer} has {left:.0%} of the way to go")
    panel.grid(visible=False)
    panel.set(title=name, xlabel="first weight", ylabel="second weight")
axes[0].set(ylim=(-4, 4))
plt.show()

turned = left_over["AdaGrad, turned"]
assert turned > 3 * left_over["AdaGrad, along the axes"]
assert turned > 3 * left_over["gradient descent, turned"]
