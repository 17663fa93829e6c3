"""Does weight decay treat all weights alike?

How much is left of weights that start at 1, with gradients that are noise, so
that nothing but decay moves them. Left Adam with an ℓ2 penalty, right AdamW with
the same λ. Under Adam, weights with small gradients are gone at once, and those
with large gradients hardly decay: ℓ2 goes through the division by the
gradient's size. Under AdamW (the curves lie on one another) all decay alike.
"""

import matplotlib.pyplot as plt
import torch

rate, decay, steps = 0.001, 0.1, 10_000
left = {}
figure, axes = plt.subplots(1, 2, figsize=(6.2, 2.8), sharey=True)
optimizers = torch.optim.Adam, torch.optim.AdamW
for axis, optimizer in zip(axes, optimizers, strict=True):
    axis.set_title("Adam with ℓ2" if optimizer is torch.optim.Adam else "AdamW")
    axis.set_xlabel("training step")
    for noise, color, style in ((0.01, "C1", "-"), (10.0, "C0", "--")):
        torch.manual_seed(42)
        weight = torch.nn.Parameter(torch.ones(1_000))
        adam = optimizer([weight], lr=rate, weight_decay=decay)
        curve = []
        for _ in range(steps):
            weight.grad = noise * torch.randn_like(weight)
            adam.step()
            curve.append(weight.detach().mean().item())
        name = optimizer.__name__
        left[name, noise] = curve[-1]
        print(f"{name:5}, gradients of {noise:<5}: {curve[-1]:5.2f} left")
        axis.plot(curve, color=color, linestyle=style)
axes[0].set_ylabel("mean of the weights")
axes[0].text(3_000, 0.84, "large gradients", color="C0")
axes[0].text(2_200, 0.05, "small gradients", color="C1")
axes[1].text(3_500, 0.8, "both", color="black")
plt.show()

adam_small, adam_large = left["Adam", 0.01], left["Adam", 10.0]
assert adam_small < 0.1 and adam_large > 0.8
assert abs(left["AdamW", 0.01] - left["AdamW", 10.0]) < 0.05
