"""What does the look ahead change on the way through a ravine?

Left, 60 steps at the rate 0.7/κ and with β = 0.9 for both: momentum (blue) goes
on swinging from wall to wall, Nesterov (orange) is damped within a few. Right,
the distance to the minimum. Gradient descent at that rate (black) is behind
both.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

kappa = 50  # the condition number: the largest curvature over the smallest
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(optimizer_class, **settings):
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = optimizer_class([weights], lr=0.7 / kappa, **settings), []
    for _ in range(151):
        places.append(weights.detach().clone())
        loss = (curvature * weights**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(places)


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
x, y = torch.meshgrid(
    torch.linspace(-10, 5, 80), torch.linspace(-1.6, 1.6, 60), indexing="ij"
)
heights = (x**2 + kappa * y**2) / 2
left.contour(
    x, y, heights, levels=[1, 6, 20, 50, 100], colors="#b0b0b0", linewidths=0.7
)
distance, swing = {}, {}
for name, color, places in (
    ("gradient descent", "black", way(torch.optim.SGD)),
    ("momentum", "C0", way(lm.Momentum, momentum=0.9)),
    ("Nesterov", "C1", way(lm.Nesterov, momentum=0.9)),
):
    if name != "gradient descent":
        left.plot(*places[:60].T, color=color, linewidth=1.1)
    right.semilogy(places.norm(dim=1), color=color)
    distance[name] = places[150].norm().item()
    swing[name] = places[10:, 1].abs().max().item()
    print(
        f"{name}: after 10 steps {swing[name]:.2f} across, "
        f"after 150 at a distance of {distance[name]:.0e}"
    )
left.grid(visible=False)
left.set(xlabel="along the ravine", ylabel="across it")
for text, spot, color in (
    ("gradient descent", (82, 4.0), "black"),
    ("momentum", (105, 0.15), "C0"),
    ("Nesterov", (30, 6e-3), "C1"),
):
    right.text(*spot, text, color=color)
right.set(xlabel="step", ylabel="distance to the minimum")
plt.show()

assert swing["Nesterov"] < swing["momentum"] / 20
