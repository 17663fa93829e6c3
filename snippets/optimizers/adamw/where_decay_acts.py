"""One step of Adam with a penalty and of AdamW: where does the decay pull?

Two weights, both at 1 (the dot); the gradients of the second are ten times as
large. The gradient's part of the step is the same. The decay's part in
AdamW (gray) points along the dotted line, to 0: both weights lose the same share.
An ℓ2 penalty in Adam (amber) is divided by the size of the gradients, so that
the first weight decays and the second one hardly does.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

sizes = torch.tensor([0.5, 5.0], dtype=torch.float64)
downhill = torch.tensor([0.5, -0.5], dtype=torch.float64)


def step(optimizer_class, decay):
    """One step from (1, 1), after 1,000 gradients that were only looked at."""
    weights = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = optimizer_class([weights], lr=0.0, weight_decay=decay)
    for swing in [1, -1] * 500 + [0]:
        optimizer.param_groups[0]["lr"] = 0.1 if swing == 0 else 0.0
        weights.grad = sizes * (swing - downhill)
        optimizer.step()
    return weights.detach() - 1


figure, axes = plt.subplots(1, 2, figsize=(4.4, 2.0), sharex=True, sharey=True)
parts = {}
for axis, name, optimizer_class, color in (
    (axes[0], "Adam + ℓ2", lm.Adam, "C4"),
    (axes[1], "AdamW", lm.AdamW, "C7"),
):
    gradient = step(optimizer_class, decay=0.0)
    parts[name] = step(optimizer_class, decay=0.3) - gradient
    axis.plot((0.9, 1), (0.9, 1), color="black", linestyle=":", linewidth=0.8)
    axis.plot(1, 1, color="black", marker="o", markersize=5)
    for part, ink in ((gradient, "black"), (parts[name], color)):
        arrow = {
            "arrowstyle": "-|>",
            "color": ink,
            "linewidth": 1.8,
            "shrinkB": 0,
        }
        axis.annotate("", (1 + part).tolist(), (1, 1), arrowprops=arrow)
    axis.text(1.0, 0.957, "gradient")
    axis.text(0.966, 0.952, "to 0", fontsize=8)
    axis.text(0.951, 1.006, "decay", color=color)
    axis.set(title=name, xlabel="weight with small gradients", aspect="equal")
    axis.set(xlim=(0.94, 1.05), ylim=(0.945, 1.02), xticks=[], yticks=[])
    first, second = (parts[name] * -100).tolist()
    print(f"{name}: decay takes {first:.1f}% and {second:.1f}%")
axes[0].set_ylabel("weight with large\ngradients")
plt.show()

first, second = parts["AdamW"].tolist()
assert abs(first - second) < 1e-9, "the same share of both"
first, second = parts["Adam + ℓ2"].tolist()
assert first < 5 * second < 0, "much of the first, little of the second"
