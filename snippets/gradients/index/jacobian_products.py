"""What is left of a gradient after a hundred random matrices?

Length of a vector that is multiplied by one random 64 × 64 matrix after the
other, for weights of three sizes. Only where each matrix keeps lengths on
average (the deviation 1/8 = 1/√64, green) is something left; a fifth more or
less grows or fades by a constant factor a layer.
"""

import matplotlib.pyplot as plt
import torch

width, depth = 64, 100
left = {}
for name, factor in {
    "a fifth less": 0.8,
    "a fifth more": 1.2,
    "1/√64": 1.0,
}.items():
    torch.manual_seed(42)
    gradient = torch.randn(200, width, dtype=torch.float64)
    lengths = [1.0]
    start = gradient.norm()
    for _ in range(depth):
        gradient = (
            gradient @ torch.randn(width, width).double() * factor / width**0.5
        )
        lengths.append((gradient.norm() / start).item())
    left[name] = lengths[-1]
    print(f"weights of deviation {name}: length times {lengths[-1]:.1e}")
    (line,) = plt.semilogy(lengths)
    plt.text(101, lengths[-1], name, color=line.get_color(), va="center")

plt.xlabel("matrices")
plt.ylabel("length of the gradient")
plt.show()

assert left["a fifth less"] < 1e-8
assert left["a fifth more"] > 1e6
assert 0.01 < left["1/√64"] < 100
