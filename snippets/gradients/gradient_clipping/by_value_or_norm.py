"""What does clipping do to the gradient's direction?

Left, a gradient of two numbers. Clipped to norm 1 (blue) it ends on the circle,
in its old direction. Clipped to values of at most 1 (orange) it ends in the
square's corner, turned to the diagonal. Right, all gradients of a network
on one batch: the cosine between what clipping leaves and what was there,
against the length that is left. By norm it stays 1. By value it falls to what
the signs alone would have (dotted), and AGC (green) turns the gradient too.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm
from lightning_modules.gradients.gradient_clipping import (
    clip_by_norm_,
    clip_by_value_,
)
from lightning_modules.gradients.gradient_clipping_adaptive import adaptive_clip_

figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
pair = nn.Parameter(torch.zeros(2))
angle = torch.linspace(0, torch.pi / 2, 50)
left.plot(angle.cos(), angle.sin(), color="C0", linestyle=":", linewidth=1)
left.plot([1, 1, -1], [-1, 1, 1], color="C1", linestyle=":", linewidth=1)
for color, clip_ in (
    ("black", None),
    ("C0", clip_by_norm_),
    ("C1", clip_by_value_),
):
    pair.grad = torch.tensor([2.4, 1.2])
    if clip_ is not None:
        clip_([pair], 1.0)
    left.plot(*zip((0, 0), pair.grad.tolist(), strict=True), color=color)
    left.plot(*pair.grad, color=color, marker="o", markersize=5)
left.text(2.3, 1.3, "gradient", ha="right")
left.text(1.1, 0.3, "by norm", color="C0")
left.text(0.95, 1.1, "by value", color="C1", ha="right")
left.set(xlim=(-0.15, 2.6), ylim=(-0.15, 1.6), aspect="equal")
left.set(xlabel="first number", ylabel="second number")

torch.manual_seed(42)
images, labels = next(iter(lm.Digits(batch_size=64).train_dataloader()))
network = lm.MLP([64, 100, 100, 100, 10])
lm.initialize(network)
nn.functional.cross_entropy(network(images), labels).backward()
parameters = list(network.parameters())
original = [parameter.grad.clone() for parameter in parameters]
vector = nn.utils.parameters_to_vector(original)


def by_agc_(parameters, threshold):
    gradients = [parameter.grad for parameter in parameters]
    adaptive_clip_([p.detach() for p in parameters], gradients, threshold)


cosine = {}
for name, clip_, spot in (
    ("by norm", clip_by_norm_, (0.01, 0.965)),
    ("by AGC", by_agc_, (0.018, 0.78)),
    ("by value", clip_by_value_, (0.2, 0.6)),
):
    lengths, cosines = [], []
    for threshold in torch.logspace(2, -5, 60).tolist():
        for parameter, gradient in zip(parameters, original, strict=True):
            parameter.grad = gradient.clone()
        clip_(parameters, threshold)
        rest = nn.utils.parameters_to_vector([p.grad for p in parameters])
        lengths.append((rest.norm() / vector.norm()).item())
        cosines.append(torch.cosine_similarity(rest, vector, dim=0).item())
    half = min(range(60), key=lambda i: abs(lengths[i] - 0.5))
    cosine[name] = cosines[half]
    print(f"{name}, to half its length: cosine {cosine[name]:.2f}")
    color = {"by norm": "C0", "by value": "C1", "by AGC": "C2"}[name]
    right.semilogx(lengths, cosines, color=color)
    right.text(*spot, name, color=color)
signs = torch.cosine_similarity(vector.sign(), vector, dim=0).item()
print(f"the signs alone: cosine {signs:.2f}")
right.axhline(signs, color="black", linestyle=":", linewidth=0.8)
right.set(xlim=(0.002, 1.1), ylim=(0.45, 1.03))
right.set(xlabel="length left, as a fraction", ylabel="cosine to the gradient")
plt.show()

assert cosine["by norm"] > 0.999
assert cosine["by value"] < 0.9 and cosine["by AGC"] < 0.95
assert abs(cosines[-1] - signs) < 0.01, "hard enough, only the signs are left"
