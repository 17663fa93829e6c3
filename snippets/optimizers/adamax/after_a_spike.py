"""One gradient is a hundred times too large. What becomes of the steps?

Gradients are 1, but that of step 100 is 100. The length of each step, as a
multiple of the rate, against the steps since the spike. AdaMax (light blue)
divides by the largest gradient that it remembers: its steps shrink to a
hundredth and recover by β₂ a step, until 1 is the largest again. Adam (amber)
divides by the root of a mean, which one spike raises less; its steps are longer
until AdaMax has forgotten.
"""

import math

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def step_lengths(optimizer_class, spike_at=100):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = optimizer_class([weight], lr=1.0), []
    for step in range(spike_at + 7900):
        before = weight.item()
        size = 100.0 if step == spike_at else 1.0
        weight.grad = torch.tensor([size], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths[spike_at:]


adam, adamax = step_lengths(lm.Adam), step_lengths(lm.AdaMax)
for later in (0, 10, 50, 1000, 3000):
    print(
        f"{later} steps later: Adam {adam[later]:.2f}, AdaMax {adamax[later]:.3f}"
    )
half = {
    "Adam": next(step for step in range(50, 7900) if adam[step] > 0.5),
    "AdaMax": next(step for step in range(50, 7900) if adamax[step] > 0.5),
}
print(
    f"half a step again: Adam after {half['Adam']}, AdaMax after {half['AdaMax']}"
)
least, adam_least = min(adamax), min(adam)
recovery = math.log(100) / -math.log(0.999)
whole = next(step for step in range(50, 7900) if adamax[step] > 0.9999)
print(f"AdaMax is back after {whole} steps; ln(100) / −ln(β₂) is {recovery:.0f}")
late = {
    "Adam": step_lengths(lm.Adam, spike_at=5000)[0],
    "AdaMax": step_lengths(lm.AdaMax, spike_at=5000)[0],
}
print(
    f"a spike at step 5000: Adam {late['Adam']:.1f}, AdaMax {late['AdaMax']:.2f}"
)

plt.loglog(range(1, 7901), adam, color="C4")
plt.loglog(range(1, 7901), adamax, color="C5")
plt.text(120, 0.3, "Adam", color="C4")
plt.text(120, 0.018, "AdaMax", color="C5")
plt.xlabel("steps since the spike")
plt.ylabel("step length ÷ learning rate")
plt.show()

assert abs(whole - recovery) < 10
assert all(
    small < large for small, large in zip(adamax[:4000], adam, strict=False)
)
