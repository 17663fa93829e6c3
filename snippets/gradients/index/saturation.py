"""How much of the gradient does a sigmoid let through?

The sigmoid (blue) and its slope (orange), which multiplies the gradient on the
way back. The slope is a quarter at best, at 0. Beyond the dashed lines, at ±5,
the sigmoid is flat: such a unit is saturated and passes on less than a
hundredth.
"""

import matplotlib.pyplot as plt
import torch

z = torch.linspace(-8, 8, 321, requires_grad=True)
sigmoid = torch.sigmoid(z)
(slope,) = torch.autograd.grad(sigmoid.sum(), z)

plt.plot(z.detach(), sigmoid.detach())
plt.plot(z.detach(), slope)
plt.text(4, 0.9, "sigmoid", color="C0", ha="center")
plt.text(2.4, 0.16, "its slope", color="C1")
for edge in (-5, 5):
    plt.axvline(edge, color="black", linewidth=0.9, linestyle="--")
plt.xlabel("z")
plt.show()

steepest = slope.max().item()
at_5 = slope[z.detach() == 5].item()
after_10, after_20 = steepest**10, steepest**20
print(f"slope at 0: {steepest:.2f}; at 5: {at_5:.4f}")
print(f"product of ten steepest: {after_10:.1e}; of twenty: {after_20:.1e}")

assert steepest == 0.25
assert steepest / at_5 > 30
