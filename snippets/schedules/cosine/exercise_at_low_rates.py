"""Which part of the run is a cosine below a tenth, and below a hundredth?"""

import math

part, parabola = {}, {}
for low in (0.1, 0.01):
    part[low] = 1 - math.acos(2 * low - 1) / math.pi
    parabola[low] = math.sqrt(4 * low) / math.pi
    print(f"below {low}: {part[low]:.1%} of the run, linear {low:.0%}")

steps = 10_000
rates = [(1 + math.cos(math.pi * t / steps)) / 2 for t in range(steps)]
for low, expected in part.items():
    assert abs(sum(rate < low for rate in rates) / steps - expected) < 1e-3
    assert abs(parabola[low] / expected - 1) < 0.02
assert abs(sum(rates) / steps - 0.5) < 1e-3
