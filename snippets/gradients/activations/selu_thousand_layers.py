"""Does SELU keep its signal through a thousand layers, and what breaks it?

Standard deviation of a unit over 500 random inputs, mean over 100 units. Left,
the first forty layers for inputs of three kinds: even numbers 255 times too
large, like the bytes of an image file, are back near 1 after some twenty
layers. Right, a thousand layers: with LeCun's initialization, with or without
alpha dropout, the signal stays near 1. Ordinary dropout of one half and He's
initialization let it explode.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

width, depth = 100, 1_000
nothing = nn.Identity()


def through(signal, layers, gain=1.0, dropout=nothing):
    """Mean of the numbers and deviation of a unit, after each layer."""
    means, deviations = [], [signal.std(dim=0).mean().item()]
    for _ in range(layers):
        weight = torch.randn(width, width) * gain / width**0.5
        signal = dropout(nn.functional.selu(signal @ weight))
        means.append(signal.mean().item())
        deviations.append(signal.std(dim=0).mean().item())
    return means, deviations


figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.2))
settled = {}
for name, scale, shift in (
    ("mean 0, deviation 1", 1, 0),
    ("mean 3", 1, 3),
    ("times 255", 255, 0),
):
    torch.manual_seed(42)
    _, curve = through(torch.randn(500, width) * scale + shift, 40)
    settled[name] = curve[40]
    left.semilogy(curve, label=name)
left.legend()
left.set(xlabel="layer", ylabel="deviation of a unit", title="Inputs")

end = {}
for name, gain, dropout in (
    ("LeCun", 1.0, nothing),
    ("alpha dropout ½", 1.0, nn.AlphaDropout(0.5)),
    ("dropout ½", 1.0, nn.Dropout(0.5)),
    ("He", 2**0.5, nothing),
):
    torch.manual_seed(42)
    means, curve = through(torch.randn(500, width), depth, gain, dropout)
    end[name] = curve[-1]
    print(f"{name}: deviation {end[name]:.0e} at layer {depth:,}")
    right.semilogy(curve, label=name)
    if name == "LeCun":
        kept, drift = curve, max(abs(mean) for mean in means[99::100])
right.legend()
right.set(xlabel="layer", title="Conditions")
lowest, highest = min(kept[100::100]), max(kept[100::100])
print(f"LeCun, every hundredth layer: {lowest:.2f} to {highest:.2f}")
plt.show()

assert 0.6 < lowest < highest < 1.3 and drift < 0.2
assert all(0.4 < deviation < 2 for deviation in settled.values())
assert 0.9 < end["alpha dropout ½"] < 1.1
assert end["dropout ½"] > 1e6 and end["He"] > 1e6
