"""How much does weight_decay decay?

What is left of a weight without gradients, at the rate 0.001. With torch's
default, 0.01 (solid), hardly anything happens within 10,000 steps. With 0.1 and
1, half is gone after ln(2)/ηλ steps (dots). Dotted: 0.1, and a rate that falls to
0 along the way, which halves the decay too.
"""

import math

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

rate, steps = 1e-3, 10_000


def left(decay, falls=False):
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    weight.grad = torch.zeros(1, dtype=torch.float64)
    optimizer, values = lm.AdamW([weight], lr=rate, weight_decay=decay), []
    for step in range(steps):
        if falls:
            optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        optimizer.step()
        values.append(weight.item())
    return values


after_10_000, half_life = {}, {}
for decay, style, spot in (
    (0.01, "-", 0.95),
    (0.1, "--", 0.36),
    (1.0, "-.", 0.03),
):
    values = left(decay)
    after_10_000[decay] = values[-1]
    half_life[decay] = math.log(2) / (rate * decay)
    plt.plot(values, color="C7", linestyle=style)
    plt.text(8_200, spot, f"{decay:g}", color="C7")
    if half_life[decay] < steps:
        plt.plot(half_life[decay], 0.5, color="C7", marker="o")
        assert abs(values[round(half_life[decay])] - 0.5) < 0.01
    print(
        f"{decay:g}: {after_10_000[decay]:.2f} left after {steps:,} steps, "
        f"half after {half_life[decay]:,.0f}"
    )
falling = left(0.1, falls=True)
plt.plot(falling, color="C7", linestyle=":")
plt.text(6_800, 0.67, "0.1, the rate falls", color="C7")
kept = falling[-1]
print(f"0.1, and the rate falls to 0: {kept:.2f} left after {steps:,}")
plt.ylim(0, 1.02)
plt.xlabel("step")
plt.ylabel("part of the weight that is left")
plt.show()

assert abs(kept - math.exp(-rate * 0.1 * steps / 2)) < 0.01
