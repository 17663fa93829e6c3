"""How strongly is each direction damped, and which rate is too high?

The part of its swing that a step leaves, for a direction of curvature k, against
the rate times k; β = 0.9. Dots are measured, lines are theory. Momentum (blue)
leaves √β of it whatever the curvature, up to a rate of 2(1 + β)/k. Nesterov
(orange) leaves √(β(1 − ηk)), so that steep directions die out at once; past
ηk = 1 it grows again, and above the dashed line it diverges: from
2(1 + β)/(1 + 2β) on, much earlier than momentum.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm

beta = 0.9


def measured(optimizer_class, product):
    """The part that is left per step, at curvature 1 and the rate ηk."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer, sizes = optimizer_class([weight], lr=product, momentum=beta), []
    for _ in range(300):
        weight.grad = weight.detach().clone()  # of x² / 2
        optimizer.step()
        sizes.append(abs(weight.item()))
    # Over 300 steps the largest of the first and of the last 50.
    first, last = max(sizes[:50]), max(sizes[250:])
    return (last / first) ** (1 / 250)


def theory(name, product):
    """The largest root of z² − a z + b, the factor of a step in the long run."""
    left = 1 - product
    a, b = (
        (left + beta, beta)
        if name == "momentum"
        else ((1 + beta) * left, beta * left)
    )
    return abs(np.roots([1, -a, b])).max()


limit = {"momentum": 2 * (1 + beta), "Nesterov": 2 * (1 + beta) / (1 + 2 * beta)}
products = np.linspace(0.001, 4.2, 800)
for name, optimizer_class, color, spot in (
    ("momentum", lm.Momentum, "C0", (2.2, 0.89)),
    ("Nesterov", lm.Nesterov, "C1", (0.35, 0.45)),
):
    curve = np.array([theory(name, product) for product in products])
    plt.plot(products, curve, color=color, linewidth=1)
    at = np.array([0.02, 0.2, 0.5, 0.8, 1.2, 2.0, 3.0])
    at = at[at < limit[name]]
    dots = [measured(optimizer_class, product) for product in at]
    plt.plot(at, dots, color=color, marker="o", linestyle="none", markersize=4)
    plt.text(*spot, name, color=color)
    assert max(abs(np.array(dots) - [theory(name, p) for p in at])) < 0.03
    assert abs(products[curve > 1].min() - limit[name]) < 0.01
    print(f"{name}: stable up to a rate of {limit[name]:.2f}/k")
ratio = limit["momentum"] / limit["Nesterov"]
print(f"momentum bears a rate {ratio:.1f} times as high")
plt.axhline(1, color="black", linestyle="--", linewidth=0.7)
plt.ylim(0, 1.25)
plt.xlabel("rate × curvature, ηk")
plt.ylabel("swing left by a step, as a fraction")
plt.show()
