"""What does clipping change at a cliff?

A recurrent unit multiplies by one weight, ten times, and its loss has a cliff
where the weight is larger than 1. Both start there. Without clipping (orange) the
first step reaches as far as the slope is steep, which is far out onto the plain,
where the slope is nearly 0: it stays there. Clipped by norm (blue), the way
down is the same, in short steps, and leads to the minimum.
"""

import matplotlib.pyplot as plt
import torch

from lightning_modules.gradients.gradient_clipping import clip_by_norm_


def loss_at(weight):
    return (weight**10 - 1) ** 2


def way(largest, steps=60):
    """The weights along gradient descent whose gradients are clipped."""
    weight = torch.nn.Parameter(torch.tensor(1.14, dtype=torch.float64))
    sgd, places = torch.optim.SGD([weight], lr=0.004), [weight.item()]
    for _ in range(steps):
        sgd.zero_grad()
        loss_at(weight).backward()
        clip_by_norm_([weight], largest)
        sgd.step()
        places.append(weight.item())
    return torch.tensor(places)


plt.figure(figsize=(4.4, 2.8))
weights = torch.linspace(0.3, 1.15, 200)
plt.plot(weights, loss_at(weights), color="black", linewidth=0.8)
last = {}
for name, color, largest, spot in (
    ("without clipping", "C1", float("inf"), (0.53, 5.2)),
    ("clipped", "C0", 4.0, (1.06, 3.2)),
):
    places = way(largest)
    last[name] = loss_at(places[-1]).item()
    print(f"{name}: loss {last[name]:.2f} at last")
    plt.plot(places, loss_at(places), color=color, marker="o", markersize=4)
    plt.text(*spot, name, color=color, ha="right" if color == "C0" else "left")
plt.text(1.125, 7.4, "start", ha="right")
plt.xlabel("weight")
plt.ylabel("loss")
plt.ylim(-0.4, 8.4)
plt.show()

assert last["clipped"] < 1e-3 < 0.9 < last["without clipping"]
