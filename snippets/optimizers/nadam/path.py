"""How does Nadam go through a ravine?

Gradient descent (black), Adam (amber), and Nadam, plain (solid) and in torch's
form (dotted). Left, the first 100 steps. Right, the distance to the minimum: the
look ahead damps Adam's swings, and the smaller μ is, the more.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

kappa = 50
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(optimizer_class, rate, steps=200, **settings):
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = optimizer_class([weights], lr=rate, **settings), []
    for _ in range(steps + 1):
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
beyond = {}
for name, color, style, spot, places in (
    (
        "gradient descent",
        "black",
        "-",
        (110, 0.8),
        way(torch.optim.SGD, 2 / (1 + kappa)),
    ),
    ("Adam", "C4", "-", (62, 3.0), way(lm.Adam, 0.5)),
    (
        "plain Nadam",
        "C6",
        "-",
        (195, 2e-6),
        way(lm.Nadam, 0.5, momentum_decay=None),
    ),
    ("torch's Nadam", "C6", ":", (150, 1e-9), way(lm.Nadam, 0.5)),
):
    left.plot(*places[:100].T, color=color, linestyle=style, linewidth=1.1)
    right.semilogy(places.norm(dim=1), color=color, linestyle=style)
    ha = "right" if name.endswith("Nadam") else "left"
    right.text(*spot, name, color=color, ha=ha)
    beyond[name] = places[:, 0].max().clamp(min=0).item()
    print(f"{name}: rolls {beyond[name]:.1f} past the minimum")
left.grid(visible=False)
left.set(xlabel="along the ravine", ylabel="across it")
right.set(xlabel="step", ylabel="distance to the minimum")
plt.show()

assert beyond["torch's Nadam"] < beyond["plain Nadam"] < beyond["Adam"]
