"""How does Adam go through a ravine?

Gradient descent (black), RMSProp (purple) and Adam (amber). Left, the first 100
steps: Adam's velocity carries it past the minimum and back, in both weights.
Right, the distance to the minimum: Adam comes closer with every swing, like
momentum with a rate for each weight. RMSProp, without a velocity, hovers.
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
end = {}
for name, color, spot, places in (
    (
        "gradient descent",
        "black",
        (115, 1e-3),
        way(torch.optim.SGD, 2 / (1 + kappa)),
    ),
    ("RMSProp", "C3", (200, 0.3), way(lm.RMSProp, 0.3, alpha=0.9)),
    ("Adam", "C4", (60, 3.0), way(lm.Adam, 0.5)),
):
    distance = places.norm(dim=1)
    left.plot(*places[:100].T, color=color, linewidth=1.1)
    right.semilogy(distance, color=color)
    ha = "right" if name != "Adam" else "left"
    right.text(*spot, name, color=color, ha=ha)
    end[name] = distance[150:].max().item()
    print(f"{name}: at most {end[name]:.0e} away in the last 50 steps")
left.grid(visible=False)
left.set(xlabel="along the ravine", ylabel="across it")
right.set(xlabel="step", ylabel="distance to the minimum")
plt.show()

assert end["Adam"] < 0.1 * end["RMSProp"]
