"""Where do Adam with a penalty and AdamW end?

The minimum of the loss is at (3, 1), the star; weight_decay is 0.3, and the
ravine 50 times more curved across. Left, 400 steps. Right, the first weight for
6,000. Adam + ℓ2 (amber) settles where loss and penalty together are least, at
3/(1 + λ) (dashed). AdamW (gray) first stops farther back and then drifts toward
the star: its decay balances a gradient that is divided by a √ŝ which goes on
forgetting.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

decay = 0.3
curvature = torch.tensor([1.0, 50.0], dtype=torch.float64)
goal = torch.tensor([3.0, 1.0], dtype=torch.float64)


def way(optimizer_class, steps=6000):
    weights = torch.nn.Parameter(torch.tensor([-6.0, 2.2], dtype=torch.float64))
    optimizer = optimizer_class([weights], lr=0.1, weight_decay=decay)
    places = []
    for _ in range(steps + 1):
        places.append(weights.detach().clone())
        weights.grad = curvature * (weights.detach() - goal)
        optimizer.step()
    return torch.stack(places)


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
x, y = torch.meshgrid(
    torch.linspace(-7, 5, 80), torch.linspace(0, 2.4, 60), indexing="ij"
)
heights = ((x - 3) ** 2 + 50 * (y - 1) ** 2) / 2
left.contour(
    x, y, heights, levels=[1, 6, 20, 40, 70], colors="#b0b0b0", linewidths=0.7
)
at_400, at_6000 = {}, {}
for name, color, optimizer_class in (
    ("Adam + ℓ2", "C4", lm.Adam),
    ("AdamW", "C7", lm.AdamW),
):
    places = way(optimizer_class)
    left.plot(*places[:400].T, color=color, linewidth=1.1)
    right.plot(places[:, 0], color=color)
    soon, late = places[400, 0].item(), places[6000, 0].item()
    at_400[name], at_6000[name] = soon, late
    print(f"{name}: {soon:.2f} after 400 steps, {late:.2f} after 6,000")
left.plot(3, 1, color="black", marker="*", markersize=9)
left.grid(visible=False)
left.set(xlabel="first weight", ylabel="second weight")
right.axhline(3 / (1 + decay), color="C4", linestyle="--", linewidth=0.8)
right.text(4200, 2.2, "Adam + ℓ2", color="C4")
right.text(1500, 1.9, "AdamW", color="C7")
right.set(xlabel="step", ylabel="first weight", ylim=(1, 3))
plt.show()

assert abs(at_6000["Adam + ℓ2"] - 3 / (1 + decay)) < 1e-3
assert at_400["AdamW"] < 2 < 2.4 < at_6000["AdamW"]
