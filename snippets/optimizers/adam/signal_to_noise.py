"""How long are Adam's steps when gradients are noisy?

Gradients of mean 1 with noise around them. The root mean square of a step,
as a multiple of the rate, against the noise's standard deviation. With little
noise Adam (amber) makes full steps. With much, its mean m̂ averages the
noise away while √ŝ still counts it, and steps shrink to what pure noise leaves,
√((1 − β₁)/(1 + β₁)) (dashed). RMSProp (purple), without a mean of
gradients, makes full steps of noise.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

noise = torch.logspace(-1.5, 2, 15, dtype=torch.float64)
torch.manual_seed(42)


def step_sizes(optimizer_class, **settings):
    weights = torch.nn.Parameter(
        torch.zeros(len(noise), 300, dtype=torch.float64)
    )
    optimizer, steps = optimizer_class([weights], lr=1.0, **settings), []
    for step in range(1500):
        weights.grad = 1 + noise[:, None] * torch.randn(len(noise), 300)
        before = weights.detach().clone()
        optimizer.step()
        if step >= 1400:
            steps.append(weights.detach() - before)
    return torch.stack(steps).square().mean(dim=(0, 2)).sqrt()


adam = step_sizes(lm.Adam)
rmsprop = step_sizes(lm.RMSProp, alpha=0.99)
theory = (0.1 / 1.9) ** 0.5
print(f"Adam, hardly any noise: steps of {adam[0]:.2f} of the rate")
print(f"Adam, a hundred times as much noise as signal: {adam[-1]:.2f}")
print(f"what the formula says for noise alone: {theory:.2f}")

plt.semilogx(noise, adam, color="C4", marker="o", markersize=4)
plt.semilogx(noise, rmsprop, color="C3", marker="o", markersize=4)
plt.axhline(theory, color="C4", linestyle="--", linewidth=0.8)
plt.text(3, 0.5, "Adam", color="C4")
plt.text(3, 1.03, "RMSProp", color="C3")
plt.ylim(0, 1.15)
plt.xlabel("noise ÷ signal")
plt.ylabel("size of a step ÷ learning rate")
plt.show()

assert abs(adam[-1] - theory) < 0.02
