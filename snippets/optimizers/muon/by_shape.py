"""How much does a step move a weight, by the shape of its matrix?

Steps of matrices with 10,000 weights, from wide to tall, whose gradients are
noise: the root mean square of a step, as a multiple of the rate. With the
original adjustment (green, solid) it hangs on the shape: a weight of a tall
matrix moves more than one of a wide one. Matched to AdamW (green, dashed), each
shape moves nearly as AdamW moves it (gray).
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

SHAPES = [(10, 1000), (25, 400), (50, 200), (100, 100)]
SHAPES += [(columns, rows) for rows, columns in SHAPES[-2::-1]]


def size(optimizer_class, shape, steps=40, **settings):
    """The root mean square of the last of so many steps."""
    weight = torch.nn.Parameter(torch.zeros(shape))
    optimizer = optimizer_class([weight], lr=1.0, weight_decay=0.0, **settings)
    for _ in range(steps):
        before = weight.detach().clone()
        weight.grad = torch.randn(shape)
        optimizer.step()
    return (weight.detach() - before).square().mean().sqrt().item()


torch.manual_seed(42)
names = [f"{rows} × {columns}" for rows, columns in SHAPES]
original, matched, adamw = {}, {}, {}
for name, shape in zip(names, SHAPES, strict=True):
    original[name] = size(lm.Muon, shape)
    matched[name] = size(lm.Muon, shape, adjust_lr_fn="match_rms_adamw")
    adamw[name] = size(lm.AdamW, shape)
    print(
        f"{name}: original {original[name]:.2f}, matched {matched[name]:.2f}, "
        f"AdamW {adamw[name]:.2f}"
    )
for sizes, color, style, label, spot in (
    (original, "C2", "-", "Muon, original", (0.1, 0.055)),
    (matched, "C2", "--", "Muon, match_rms_adamw", (0.4, 0.14)),
    (adamw, "C7", "-", "AdamW", (0.1, 0.25)),
):
    plt.plot(
        names, list(sizes.values()), color=color, linestyle=style, marker="o"
    )
    plt.text(*spot, label, color=color)
plt.xticks(rotation=30)
plt.ylim(0, 0.38)
plt.xlabel("rows × columns, outputs × inputs")
plt.ylabel("root mean square ÷ rate")
plt.show()

least, most = min(matched.values()), max(matched.values())
apart = max(original.values()) / min(original.values())
print(f"original: the largest is {apart:.1f} times the smallest")
assert 0.14 < least < most < 0.24, "0.2 times singular values near 1"
assert apart > 2
assert all(0.2 < one < 0.26 for one in adamw.values())
