"""What do dropout and alpha dropout do to a self-normalizing network?

Standard deviation of the signal, layer by layer (logarithmic), in a network of
100 SELU layers with LeCun initialization and standardized inputs. With alpha
dropout (blue) it stays near 1, even if half of the units are dropped. With
ordinary dropout (orange) it settles at a higher level, the higher the rate, and
at a rate of one half it explodes.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn


@torch.no_grad()
def deviations(dropout):
    """Standard deviation after each of 100 layers."""
    torch.manual_seed(42)
    signal, found = torch.randn(1_000, 200), []
    for _ in range(100):
        weight = torch.randn(200, 200) / 200**0.5
        signal = dropout(nn.functional.selu(signal @ weight))
        found.append(signal.std().item())
    return found


@torch.no_grad()
def moments(activation, dropout):
    """Mean and variance of an activation's outputs, after dropout."""
    torch.manual_seed(42)
    outputs = dropout(activation(torch.randn(1_000_000)))
    return outputs.mean().item(), outputs.var().item()


variance = {}
print("after one layer     mean  variance")
for activation in (nn.SELU(), nn.ReLU()):
    for dropout in (nn.Identity(), nn.AlphaDropout(0.1), nn.Dropout(0.1)):
        name = f"{type(activation).__name__}, {type(dropout).__name__}"
        mean, variance[name] = moments(activation, dropout)
        print(f"{name:18}{abs(mean):6.2f}{variance[name]:10.2f}")

last = {}
for p in (0.1, 0.2, 0.5):
    alpha, plain = deviations(nn.AlphaDropout(p)), deviations(nn.Dropout(p))
    last[p] = {"alpha": alpha[-1], "plain": plain[-1]}
    plt.semilogy(range(1, 101), alpha, color="C0")
    plt.semilogy(range(1, 101), plain, color="C1")
print("after 100 layers   alpha dropout   dropout")
for p, found in last.items():
    print(f"rate {p}{found['alpha']:22.1f}{found['plain']:10.1e}")
plt.text(60, 0.7, "alpha dropout, 0.1 to 0.5", color="C0", va="top", ha="center")
plt.text(85, 2.2, "dropout, 0.1 and 0.2", color="C1", va="bottom", ha="center")
plt.text(48, 60, "dropout, 0.5", color="C1", ha="right")
plt.ylim(0.3, 300)
plt.yticks((1, 10, 100), ("1", "10", "100"))
plt.xlabel("layer")
plt.ylabel("standard deviation")
plt.show()

assert abs(variance["SELU, AlphaDropout"] - 1) < 0.02
assert variance["ReLU, AlphaDropout"] > 1.5 * variance["ReLU, Identity"]
assert all(abs(found["alpha"] - 1) < 0.15 for found in last.values())
assert 1.1 < last[0.1]["plain"] < last[0.2]["plain"] < 2
assert last[0.5]["plain"] > 100
