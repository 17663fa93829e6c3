"""Which values share a mean in batch, layer and group normalization?

Each cell is what one channel has computed for one item of a batch of four; cells
of one color are normalized by one mean and one deviation. Batch normalization
takes a channel over all items, layer normalization an item over all channels,
group normalization an item over a group of its channels.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

items, channels, pixels = 4, 6, 5
torch.manual_seed(42)
values = torch.randn(items, channels, pixels, dtype=torch.float64)


def changed_with(norm, item, channel):
    """The cells whose outputs change when one pixel of this cell does."""
    other = values.clone()
    other[item, channel, 0] += 1.0
    differs = (norm(other) - norm(values)).abs() > 1e-9
    return [tuple(cell) for cell in differs.any(dim=2).nonzero().tolist()]


together = {}
figure, axes = plt.subplots(1, 3, figsize=(4.4, 1.5), sharey=True)
for axis, (name, norm) in zip(
    axes,
    {
        "batch": nn.BatchNorm1d(channels, affine=False),
        "layer": nn.LayerNorm((channels, pixels), elementwise_affine=False),
        "group": nn.GroupNorm(2, channels, affine=False),
    }.items(),
    strict=True,
):
    colors = {}
    for item in range(items):
        for channel in range(channels):
            cells = changed_with(norm.double(), item, channel)
            color = colors.setdefault(cells[0], f"C{len(colors)}")
            axis.add_patch(plt.Rectangle((channel, item), 0.9, 0.9, fc=color))
    together[name] = len(cells)
    print(f"{name} norm: {len(colors)} means, each of {len(cells)} cells")
    axis.set(title=name, xlabel="channels", xlim=(0, channels), ylim=(items, 0))
    axis.set(xticks=[], yticks=[], aspect="equal")
    axis.spines[:].set_visible(False)
axes[0].set_ylabel("items")
plt.show()

assert together == {"batch": items, "layer": channels, "group": channels // 2}
