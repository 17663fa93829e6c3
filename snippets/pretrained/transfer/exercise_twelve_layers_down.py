"""Twelve layers below the head: at which rate does the lowest train?"""

from torch import nn

import lightning_modules as lm

factor = 0.1 ** (1 / 12)
rate = {}
for name, q in (("default", 1 / 2.6), ("a tenth", factor)):
    body = nn.Sequential(*(nn.Linear(4, 4) for _ in range(12)))
    network = nn.Sequential(body, nn.Linear(4, 2))
    groups = lm.layer_rate_groups(network, ["0.*"], lr=1e-3, factor=q)
    rate[name] = min(group["lr"] for group in groups)
    print(f"{name}: factor {q:.2f}, the lowest layer at {rate[name]:.0e}")

assert abs(rate["default"] / (1e-3 / 2.6**12) - 1) < 1e-6
assert abs(rate["a tenth"] - 1e-4) < 1e-9
