"""How do the eight find their way?

Left, 60 steps through a ravine, 20 times more curved across than along. Right,
200 steps on Beale's function, which is all but flat around its minimum (the
star). Each optimizer has, of a grid of rates with which it never climbs above
its start, the one that ends lowest (AdamW with its default decay). Those with
momentum swing past the minimum and come back; those with a rate for each weight
set out along the diagonal, whatever the slope.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

OPTIMIZERS = {
    "gradient descent": (torch.optim.SGD, "black"),
    "Momentum": (lm.Momentum, "C0"),
    "Nesterov": (lm.Nesterov, "C1"),
    "AdaGrad": (lm.AdaGrad, "C2"),
    "RMSProp": (lm.RMSProp, "C3"),
    "Adam": (lm.Adam, "C4"),
    "AdaMax": (lm.AdaMax, "C5"),
    "Nadam": (lm.Nadam, "C6"),
    "AdamW": (lm.AdamW, "C7"),
}


def ravine(x, y):
    along, across = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x  # turned by 37 degrees
    return along**2 / 2 + 10 * across**2


def beale(x, y):
    return (
        (1.5 - x + x * y) ** 2
        + (2.25 - x + x * y**2) ** 2
        + (2.625 - x + x * y**3) ** 2
    )


def way(optimizer_class, rate, loss_at, start, steps):
    weights = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer, places = optimizer_class([weights], lr=rate), []
    for _ in range(steps + 1):
        places.append(weights.detach().clone())
        optimizer.zero_grad()
        loss_at(*weights).backward()
        optimizer.step()
    return torch.stack(places)


def best_way(optimizer_class, loss_at, start, steps):
    """The way with the lowest end of those that never climb above their start."""
    ways = {}
    for rate in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0):
        places = way(optimizer_class, rate, loss_at, start, steps)
        heights = loss_at(*places.T)
        if (heights <= heights[0]).all():
            ways[rate] = places
    rate = min(ways, key=lambda rate: loss_at(*ways[rate][-1]))
    return ways[rate], rate


PLACES = {  # start, steps, contour lines, window, minimum
    ravine: (
        (-4.0, -1.5),
        60,
        (0.3, 2, 6, 15, 30),
        (-4.4, 1.6, -3.4, 1.2),
        (0, 0),
    ),
    beale: (
        (0.2, -0.6),
        200,
        (0.1, 0.5, 2, 5, 10),
        (-0.2, 4.2, -1.3, 1),
        (3, 0.5),
    ),
}
figure, axes = plt.subplots(1, 2, figsize=(7.4, 3.9))
for panel, (loss_at, setting) in zip(axes, PLACES.items(), strict=True):
    start, steps, levels, window, minimum = setting
    x, y = torch.meshgrid(
        torch.linspace(*window[:2], 120),
        torch.linspace(*window[2:], 120),
        indexing="ij",
    )
    panel.contour(
        x, y, loss_at(x, y), levels=levels, colors="#b0b0b0", linewidths=0.7
    )
    print(f"{loss_at.__name__}, loss after {steps} steps:")
    for name, (optimizer_class, color) in OPTIMIZERS.items():
        places, rate = best_way(optimizer_class, loss_at, start, steps)
        panel.plot(*places.T, color=color, linewidth=1.2, label=name)
        print(f"  {name} at rate {rate}: {loss_at(*places[-1]).item():.0e}")
        assert loss_at(*places[-1]) < 0.01 * loss_at(*places[0])
    panel.plot(*minimum, color="black", marker="*", markersize=9)
    panel.set(xlim=window[:2], ylim=window[2:], title=loss_at.__name__)
    panel.grid(visible=False)
figure.legend(
    *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5
)
plt.show()
