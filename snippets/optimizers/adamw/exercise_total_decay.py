"""What do 10,000 steps of weight decay leave, with and without a schedule?"""

import math

steps, rate, decay = 10_000, 1e-3, 0.1
left = {
    "linear": math.prod(1 - rate * (1 - t / steps) * decay for t in range(steps)),
    "constant": (1 - rate * decay) ** steps,
}
for name, part in left.items():
    print(f"{name}: {part:.1%} is left")
assert abs(left["linear"] - math.exp(-0.5)) < 1e-3
assert abs(left["constant"] - math.exp(-1)) < 1e-3
