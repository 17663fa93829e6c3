"""How long does AdaMax remember?

Steps until the divisor is back at 1 after one gradient of 100 (solid) or of 10
(dashed), against β₂; dots are measured, lines are ln(spike) / −ln(β₂). Twice the
spike costs 700 steps more at 0.999, and 70 at 0.99.
"""

import math

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def memory(beta2, spike):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.AdaMax([weight], lr=0.0, betas=(0.9, beta2))
    weight.grad = torch.tensor([spike], dtype=torch.float64)
    optimizer.step()
    weight.grad.fill_(1.0)
    for step in range(1, 20_000):
        optimizer.step()
        if optimizer.state[weight]["exp_inf"].item() < 1.001:
            return step
    raise AssertionError("never")


remembered = {}
for spike, style in ((100.0, "-"), (10.0, "--")):
    betas = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999]
    remembered[spike] = {beta: memory(beta, spike) for beta in betas}
    forgets = [1 - beta for beta in betas]
    theory = [math.log(spike) / -math.log(beta) for beta in betas]
    plt.loglog(forgets, theory, color="C5", linestyle=style)
    plt.loglog(forgets, remembered[spike].values(), "o", color="C5", markersize=4)
plt.text(2.6e-3, 3000, "a spike of 100", color="C5", ha="right")
plt.text(2.2e-3, 550, "of 10", color="C5")
plt.xticks([0.1, 0.01, 0.001], ["0.9", "0.99", "0.999"])
plt.gca().invert_xaxis()
plt.xlabel("β₂")
plt.ylabel("steps until it is forgotten")
plt.show()

for beta in (0.9, 0.99, 0.999):
    steps = remembered[100.0][beta]
    print(f"β₂ = {beta}: a spike of 100 is remembered for {steps} steps")
recalled = remembered[100.0]
double = math.log(2) / -math.log(0.999)
print(f"twice the spike, at 0.999: {double:.0f} steps more")
assert all(
    abs(steps - math.log(spike) / -math.log(beta)) < 2
    for spike, counts in remembered.items()
    for beta, steps in counts.items()
)
