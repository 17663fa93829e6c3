"""How does AdaMax go through a ravine?

Gradient descent (black), Adam (amber) and AdaMax (light blue). Left, the first
100 steps. Right, the distance to the minimum. The steep start is AdaMax's largest
gradient for thousands of steps, so for that time it is momentum with a rate for
each weight that hardly changes.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

kappa = 50
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(optimizer_class, rate, steps=200):
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = optimizer_class([weights], lr=rate), []
    for _ in range(steps + 1):
        places.append(weights.detach().clone())
        loss = (curvature * weights**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(places), optimizer.state[weights]


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
x, y = torch.meshgrid(
    torch.linspace(-10, 5, 80), torch.linspace(-1.6, 1.6, 60), indexing="ij"
)
heights = (x**2 + kappa * y**2) / 2
left.contour(
    x, y, heights, levels=[1, 6, 20, 50, 100], colors="#b0b0b0", linewidths=0.7
)
for name, color, spot, optimizer_class, rate in (
    ("gradient descent", "black", (115, 0.3), torch.optim.SGD, 2 / (1 + kappa)),
    ("Adam", "C4", (60, 4e-3), lm.Adam, 0.5),
    ("AdaMax", "C5", (120, 1e-4), lm.AdaMax, 0.5),
):
    places, state = way(optimizer_class, rate)
    left.plot(*places[:100].T, color=color, linewidth=1.1)
    right.semilogy(places.norm(dim=1), color=color)
    right.text(*spot, name, color=color)
    away = places[150:].norm(dim=1).max().item()
    print(f"{name}: at most {away:.0e} away in the last 50 steps")
remembered = (state["exp_inf"] / (curvature * places[0].abs())).min().item()
print(
    f"after 200 steps AdaMax's divisor is {remembered:.2f} of the first gradient"
)
left.grid(visible=False)
left.set(xlabel="along the ravine", ylabel="across it")
right.set(xlabel="step", ylabel="distance to the minimum")
plt.show()

assert abs(remembered - 0.999**200) < 0.01
