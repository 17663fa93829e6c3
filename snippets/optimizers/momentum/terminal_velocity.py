"""How long do momentum's steps grow?

The length of each step, as a multiple of the learning rate, for three values
of β. Where every gradient is the same (solid), steps grow to 1/(1 − β) times the
rate, the terminal velocity (dashed), and have nine tenths of it after some
2/(1 − β) steps. Where gradients change sign at every step (dotted, β = 0.9),
they shrink to 1/(1 + β).
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def step_lengths(beta, gradients):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = lm.Momentum([weight], lr=1.0, momentum=beta), []
    for gradient in gradients:
        before = weight.item()
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        lengths.append(abs(weight.item() - before))
    return lengths


longest, until = {}, {}
for beta, spot in ((0.5, (60, 2.4)), (0.9, (60, 11)), (0.99, (60, 60))):
    lengths = step_lengths(beta, [1.0] * 1500)
    longest[beta] = lengths[-1]
    until[beta] = sum(length < 0.9 * lengths[-1] for length in lengths)
    print(
        f"β = {beta}: steps {longest[beta]:.0f} times the rate, "
        f"nine tenths of that after {until[beta]}"
    )
    plt.semilogy(lengths[:150], color="C0")
    plt.axhline(1 / (1 - beta), color="black", linestyle="--", linewidth=0.7)
    plt.text(*spot, f"β = {beta}", color="C0")
    assert abs(longest[beta] * (1 - beta) - 1) < 1e-6

alternating = step_lengths(0.9, [1.0, -1.0] * 75)
plt.semilogy(alternating, color="C0", linestyle=":")
plt.text(60, 0.6, "β = 0.9, gradients that alternate", color="C0")
shrunk = alternating[-1]
print(f"β = 0.9 and alternating gradients: {shrunk:.2f} times the rate")
plt.xlabel("step")
plt.ylabel("step length ÷ learning rate")
plt.yticks([0.5, 1, 2, 10, 100], ["0.5", "1", "2", "10", "100"])
plt.minorticks_off()
plt.show()

assert abs(shrunk - 1 / 1.9) < 1e-3
