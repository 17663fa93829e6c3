"""Which initialization keeps the signal alive through fifty layers?

Signal strength at the far end, as a power of ten: 0, the pale cells, is as
strong as at the start. Left, the activations after fifty layers; right, the
gradients that arrive back at the first. Pale on both sides are tanh with
Glorot, ReLU with He and SELU with LeCun. Under torch's default all gradients
fade. A standard normal explodes where nothing saturates, under tanh on the way
back. The sigmoid's gradient survives only weights so large that they saturate it.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

from lightning_modules.gradients.initialization import variance

width, depth = 100, 50
activations = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": torch.relu,
    "SELU": nn.functional.selu,
}
variances = {
    "N(0, 1)": 1.0,
    "torch": 1 / (3 * width),
    "Glorot": variance("glorot", width, width),
    "He": variance("he", width, width),
    "LeCun": variance("lecun", width, width),
}

torch.manual_seed(42)
forward, backward = torch.zeros(4, 5), torch.zeros(4, 5)
for row, activation in enumerate(activations.values()):
    for column, scale in enumerate(variances.values()):
        start = torch.randn(200, width, dtype=torch.float64, requires_grad=True)
        signal = start
        for _ in range(depth):
            signal = activation(
                signal
                @ torch.randn(width, width, dtype=torch.float64)
                * scale**0.5
            )
        signal.backward(torch.randn_like(signal))
        forward[row, column] = signal.detach().std().log10()
        backward[row, column] = start.grad.std().log10()

figure, axes = plt.subplots(1, 2, figsize=(8, 3), sharey=True)
for axis, title, values in zip(
    axes,
    ("Activations, layer 50", "Gradients, layer 1"),
    (forward, backward),
    strict=True,
):
    axis.imshow(values, cmap="RdBu_r", vmin=-12, vmax=12, aspect="auto")
    for row in range(4):
        for column in range(5):
            value = values[row, column].item()
            ink = "#fafafa" if abs(value) > 7 else "#111111"
            axis.text(
                column, row, round(value), ha="center", va="center", color=ink
            )
    axis.set_xticks(range(5), variances)
    axis.set_yticks(range(4), activations)
    axis.set_title(title)
    axis.grid(False)
plt.show()

he, default = forward[2, 3].item(), forward[2, 1].item()
print(
    f"ReLU after {depth} layers: He 10^{he:.1f}, torch's default 10^{default:.0f}"
)
pale = ((1, 2), (2, 3), (3, 4))  # tanh with Glorot, ReLU with He, SELU with LeCun
assert all(abs(values[at]) < 1.5 for values in (forward, backward) for at in pale)
assert default < -10 and backward[:, 1].max() < -3
