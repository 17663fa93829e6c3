"""What does the bias correction do?

The length of each step, as a multiple of the rate, for gradients that keep their
size. Corrected (amber), every step is one rate long. Without the
correction (dashed) both means start too small, but the mean of squares far more
so, and as it is the divisor, steps are too long: the first 3 times, the
longest more than 6 times the rate, and it takes thousands of steps to be right.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def step_lengths(bias_correction, steps=5000):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.Adam([weight], lr=1.0, bias_correction=bias_correction)
    lengths = []
    for _ in range(steps):
        before = weight.item()
        weight.grad = torch.tensor([0.3], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


on, off = step_lengths(True), step_lengths(False)
first, longest = off[0], max(off)
at = off.index(longest) + 1
settled = next(step for step in range(at, 5000) if off[step] < 1.1)
travelled = sum(off[:1000]) / sum(on[:1000])
print(f"corrected: the first step is {on[0]:.2f} times the rate")
print(f"without: {first:.1f} times, the longest, step {at}, {longest:.1f} times")
print(f"within a tenth of the rate after {settled} steps")
print(f"way of the first 1000 steps: {travelled:.1f} times as far")

t = range(1, 5001)
plt.semilogx(t, on, color="C4")
plt.semilogx(t, off, color="C4", linestyle="--")
plt.text(15, 0.4, "corrected", color="C4")
plt.text(60, 6.0, "not corrected", color="C4")
plt.ylim(0, 7.2)
plt.xlabel("step")
plt.ylabel("step length ÷ learning rate")
plt.show()

assert max(abs(length - 1) for length in on) < 1e-6
assert abs(first - 0.1 / 0.001**0.5) < 1e-3
