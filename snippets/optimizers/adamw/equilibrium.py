"""Where does decay end?

The root mean square of weights that start at 0 and get gradients of noise, under
decay: noise drives them out, decay pulls them back. With AdamW (gray) they settle
at √(η/2λ) (dashed), whatever the size of the gradients: solid 1, dotted 100. With
Adam + ℓ2 (amber) it depends on that size; for 1 it is the same curve.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

rate, decay, steps = 0.01, 0.1, 5000


def spread(optimizer_class, size):
    torch.manual_seed(42)
    weights = torch.nn.Parameter(torch.zeros(1000))
    optimizer = optimizer_class([weights], lr=rate, weight_decay=decay)
    values = []
    for _ in range(steps):
        weights.grad = size * torch.randn(1000)
        optimizer.step()
        values.append(weights.detach().square().mean().sqrt().item())
    return values


expected = (rate / (2 * decay)) ** 0.5
end = {}
for name, optimizer_class, color in (
    ("AdamW", lm.AdamW, "C7"),
    ("Adam + ℓ2", lm.Adam, "C4"),
):
    for size, style in ((1.0, "-"), (100.0, ":")):
        values = spread(optimizer_class, size)
        plt.plot(values, color=color, linestyle=style)
        mean = sum(values[-1000:]) / 1000
        end[f"{name}, {size:.0f}"] = mean
        print(f"{name}, gradients of size {size:.0f}: {mean:.2f}")
plt.axhline(expected, color="black", linestyle="--", linewidth=0.8)
plt.text(3500, 0.52, "Adam + ℓ2, 100", color="C4")
plt.text(3700, 0.26, "AdamW, both", color="C7")
plt.xlabel("step")
plt.ylabel("root mean square of the weights")
plt.show()

print(f"√(η/2λ): {expected:.2f}")
assert (
    abs(end["AdamW, 1"] - expected) < 0.02
    and abs(end["AdamW, 100"] - expected) < 0.02
)
assert end["Adam + ℓ2, 100"] > 2 * end["Adam + ℓ2, 1"]
