"""How much momentum does torch's NAdam reach in 500 steps?"""

import math

from lightning_modules.optimizers.nadam import momentum

steps = 500
psi = math.log(9) / (steps * math.log(1 / 0.96))
last = {}
for decay in (0.004, psi):
    last[round(decay, 3)] = momentum(
        steps, {"betas": (0.9, 0.999), "momentum_decay": decay}
    )
for decay, value in last.items():
    print(f"momentum_decay={decay}: {value:.3f} at step {steps}")
assert abs(last[0.004] - 0.9 * (1 - 0.5 * 0.96**2)) < 1e-9
assert abs(last[round(psi, 3)] - 0.85) < 1e-9
