"""How long is RMSProp's first step?

The length of each step, as a multiple of the rate, where gradients keep their
size. The mean of squares starts at 0, and nothing corrects for that, so the first
step is 1/√(1 − ρ) times the rate (dots): 3 times for the lecture's ρ = 0.9,
10 times for torch's 0.99, 32 times for 0.999. Each takes about 1/(1 − ρ) steps to
come down. Adam (amber), which corrects, starts at 1.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def step_lengths(optimizer_class, steps, **settings):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = optimizer_class([weight], lr=1.0, **settings), []
    for _ in range(steps):
        before = weight.item()
        weight.grad = torch.tensor([0.3], dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


first, travelled = {}, {}
for rho, style, spot in (
    (0.9, "-", (1.3, 1.7)),
    (0.99, "--", (2.2, 7)),
    (0.999, ":", (5, 15)),
):
    lengths = step_lengths(lm.RMSProp, 1000, alpha=rho)
    first[rho], travelled[rho] = lengths[0], sum(lengths[:100])
    plt.loglog(range(1, 1001), lengths, color="C3", linestyle=style)
    plt.plot(1, (1 - rho) ** -0.5, color="C3", marker="o")
    plt.text(*spot, f"ρ = {rho}", color="C3")
    print(
        f"ρ = {rho}: the first step is {first[rho]:.1f} times the rate, "
        f"the first 100 together {travelled[rho]:.0f} times"
    )
    assert abs(first[rho] - (1 - rho) ** -0.5) < 1e-3 * first[rho]
adam = step_lengths(lm.Adam, 1000)
plt.loglog(range(1, 1001), adam, color="C4")
plt.text(100, 0.75, "Adam", color="C4")
plt.yticks([1, 3, 10, 30], ["1", "3", "10", "30"])
plt.ylim(0.6, 40)
plt.xlabel("step")
plt.ylabel("step length ÷ learning rate")
plt.show()
