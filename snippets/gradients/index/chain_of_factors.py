"""What is left of the gradient at each layer, on its way back from the loss?

Backpropagation starts at the loss, on the right, and each layer that it passes
through multiplies the gradient by one more factor. A disc's area is the size
of the gradient that has arrived at that layer. With factors of 1.5 it explodes,
with 0.5 it vanishes, and only with factors of 1 do all layers get the same. The
numbers at the left are what the first layer gets.
"""

import matplotlib.pyplot as plt
import torch

depth = 7
figure, axis = plt.subplots(figsize=(4.4, 2.3))
for layer in range(1, depth + 1):
    box = {"boxstyle": "round,pad=0.4", "facecolor": "none", "edgecolor": "black"}
    axis.text(layer, 0, f"{layer}", ha="center", va="center", bbox=box)
axis.text(depth + 1, 0, "loss", ha="center", va="center")
axis.text(0.4, 0, "layer", ha="right", va="center")

first = {}
for row, factor in enumerate((1.5, 1.0, 0.5), start=1):
    outputs = [torch.ones((), dtype=torch.float64, requires_grad=True)]
    for _ in range(depth - 1):
        outputs.append(factor * outputs[-1])  # what a layer makes of the last
        outputs[-1].retain_grad()
    outputs[-1].backward()
    sizes = [output.grad.item() for output in outputs]
    first[factor] = sizes[0]
    print(f"× {factor}: the first layer gets {sizes[0]:.3g}")

    color = f"C{row - 1}"
    places = range(1, depth + 1)
    axis.scatter(places, [-row] * depth, s=[50 * s for s in sizes], color=color)
    for layer in places[:-1]:
        arrow = {"arrowstyle": "->", "color": "black", "linewidth": 0.7}
        ends = (layer + 0.34, -row), (layer + 0.66, -row)
        axis.annotate("", *ends, arrowprops=arrow)
    axis.text(
        depth + 1, -row, f"× {factor:g}", ha="center", va="center", color=color
    )
    axis.text(0.4, -row, f"{sizes[0]:.2g}", ha="right", va="center", color=color)
axis.set(xlim=(-0.5, depth + 1.5), ylim=(-3.4, 0.4))
axis.set_axis_off()
plt.show()

assert first[1.0] == 1 and first[1.5] > 10 and first[0.5] < 0.02
