"""Where does Nesterov take the gradient?

The first four steps into a ravine, at the same rate and β. Momentum (blue) takes
its gradient where it stands. Nesterov (orange) first goes where the
velocity alone would lead it (dotted, to the hollow point), takes the
gradient there, and then makes its step from where it stood. At the wall on the
other side it already feels the slope that sends it back, so it swings less far.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

curvature = torch.tensor([1.0, 20.0], dtype=torch.float64)


def descend(optimizer_class, steps, **settings):
    """Where the weights were, and where each gradient was taken."""
    weights = torch.nn.Parameter(torch.tensor([-6.0, 2.0], dtype=torch.float64))
    optimizer = optimizer_class([weights], lr=0.03, momentum=0.8, **settings)
    places, looked = [], []

    def closure():
        looked.append(weights.detach().clone())
        optimizer.zero_grad()
        loss = (curvature * weights**2).sum() / 2
        loss.backward()
        return loss

    for _ in range(steps):
        places.append(weights.detach().clone())
        optimizer.step(closure)
    return torch.stack(places), torch.stack(looked)


x, y = torch.meshgrid(
    torch.linspace(-6.3, -3.7, 80), torch.linspace(-1.9, 2.2, 60), indexing="ij"
)
heights = (x**2 + 20 * y**2) / 2
plt.contour(
    x,
    y,
    heights,
    levels=[8, 12, 16, 20, 28, 40],
    colors="#b0b0b0",
    linewidths=0.7,
)
swings = {}
for name, color, (places, looked) in (
    ("momentum", "C0", descend(lm.Momentum, 5)),
    ("Nesterov", "C1", descend(lm.Nesterov, 5, paper_form=True)),
):
    plt.plot(*places.T, color=color, marker="o", markersize=4)
    if name == "Nesterov":
        for here, there in zip(places, looked, strict=True):
            plt.plot(*zip(here, there, strict=True), color=color, linestyle=":")
        plt.plot(
            *looked.T, color=color, marker="o", fillstyle="none", linestyle="none"
        )
    swings[name] = -places[:, 1].min().item()
    print(f"{name} swings out to {swings[name]:.1f} on the other side")
plt.text(-4.95, -1.6, "momentum", color="C0")
plt.text(-4.6, 0.15, "Nesterov", color="C1")
plt.grid(visible=False)
plt.xlabel("along the ravine")
plt.ylabel("across it")
plt.show()

assert swings["Nesterov"] < 0.7 * swings["momentum"]
