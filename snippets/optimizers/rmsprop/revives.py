"""The gradient falls to a hundredth. What becomes of the steps?

The length of each step, as a multiple of the rate, where gradients are 100 for
300 steps and then 1. AdaGrad (green) never gets over it. RMSProp (purple)
forgets: with ρ = 0.9 (solid) within about 100 steps, with torch's 0.99 (dashed)
within about 1,000. Until then its steps are too short.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

gradients = [100.0] * 300 + [1.0] * 1500


def step_lengths(optimizer_class, **settings):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = optimizer_class([weight], lr=1.0, **settings), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


curves = {
    "AdaGrad": step_lengths(lm.AdaGrad),
    "RMSProp, ρ = 0.9": step_lengths(lm.RMSProp, alpha=0.9),
    "RMSProp, ρ = 0.99": step_lengths(lm.RMSProp, alpha=0.99),
}
looks = (("C2", "-"), ("C3", "-"), ("C3", "--"))
spots = ((700, 9e-4), (420, 1.7), (900, 0.09))
later, recovered = {}, {}
for (name, lengths), (color, style), spot in zip(
    curves.items(), looks, spots, strict=True
):
    plt.semilogy(lengths, color=color, linestyle=style)
    plt.text(*spot, name, color=color)
    later[name] = lengths[-1]
    back = [at for at in range(300, 1800) if lengths[at] > 0.9]
    if back:
        recovered[name] = back[0] - 300
    when = f"back at 0.9 after {recovered[name]}" if back else "never back"
    print(f"{name}: {later[name]:.4f} of the rate at the end, {when}")
plt.xlabel("step")
plt.ylabel("step length ÷ learning rate")
plt.show()

assert "AdaGrad" not in recovered
assert recovered["RMSProp, ρ = 0.9"] < 150 < recovered["RMSProp, ρ = 0.99"]
