"""What part of a constant rate's sum does each schedule have?"""

from itertools import pairwise

steps = 10_000
x = [t / steps for t in range(steps)]
rates = {
    "piecewise": [1 if t < 0.5 else 0.1 if t < 0.75 else 0.01 for t in x],
    "linear": [1 - t for t in x],
    "power": [1 / (1 + t / 0.1) for t in x],
    "exponential": [0.1 ** (t / 0.5) for t in x],
}
share = {name: sum(values) / steps for name, values in rates.items()}
for name, part in share.items():
    print(f"{name}: {part:.0%}")
assert all(a > b for a, b in pairwise(share[n] for n in ("piecewise", "linear")))
assert share["linear"] > share["power"] > share["exponential"]
