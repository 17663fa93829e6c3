"""What becomes of AdaGrad's steps?

Left, the length of each step for gradients that are always 3 (solid) or always
0.01 (dots): the same, and shrinking like 1/√t (dashed). Right, the distance
travelled: it grows like 2√t, without limit, but ten times as far takes a hundred
times as many steps. Gradient descent with steps of one rate (black) would be
far outside.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

rate, steps = 0.1, 10_000


def positions(gradient):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, places = lm.AdaGrad([weight], lr=rate), [0.0]
    weight.grad = torch.tensor([gradient], dtype=torch.float64)
    for _ in range(steps):
        optimizer.step()
        places.append(-weight.item())
    return torch.tensor(places, dtype=torch.float64)


figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
t = torch.arange(1, steps + 1, dtype=torch.float64)
large, small = positions(3.0), positions(0.01)
left.loglog(t, large.diff(), color="C2")
picked = [0, 2, 9, 30, 99, 300, 999, 3000, 9999]
left.loglog(t[picked], small.diff()[picked], "o", color="C2", markersize=4)
left.loglog(t, rate / t**0.5, color="black", linestyle="--", linewidth=0.8)
left.set(xlabel="step t", ylabel="step length")
right.plot(t, large[1:], color="C2")
right.plot(t[:200], rate * t[:200], color="black")
right.text(500, 18.6, "gradient descent")
right.text(4000, 10, "AdaGrad", color="C2")
right.set(xlabel="step t", ylabel="distance travelled")
plt.show()

lengths = {1: rate, 100: large.diff()[99].item(), 10_000: large.diff()[-1].item()}
for at, length in lengths.items():
    print(
        f"step {at}: {length:.3f} long, {large[at].item():.1f} travelled so far"
    )
assert torch.allclose(large.diff(), rate / t**0.5, rtol=1e-6)
assert torch.allclose(small.diff(), large.diff(), rtol=1e-6)
