"""What lies between Adam and AdaMax?

The divisor after the spike for norms of growing order p: the p-th root of a
decayed mean of |g|ᵖ, whose decay is β₂ᵖ, as in the paper. Adam has p = 2 (and β₂
in place of its square). The larger p, the closer to the decayed maximum,
which is AdaMax's (light blue). Large powers overflow, the maximum does not.
"""

import matplotlib.pyplot as plt
import numpy as np

beta2 = 0.999
gradients = np.ones(3000)
gradients[100] = 100.0


def divisors(p):
    mean, values = 0.0, []
    for t, gradient in enumerate(gradients, start=1):
        mean = beta2**p * mean + (1 - beta2**p) * gradient**p
        values.append((mean / (1 - beta2 ** (p * t))) ** (1 / p))
    return np.array(values)


largest, maximum = 0.0, []
for gradient in gradients:
    largest = max(beta2 * largest, gradient)
    maximum.append(largest)

after = {}
for p, spot in ((2, (450, 2.2)), (4, (450, 13)), (16, (450, 40))):
    values = divisors(p)
    after[p] = values[200]
    plt.semilogy(
        range(-100, 2900), values, color="C4", alpha=0.4 + 0.2 * (p == 2)
    )
    plt.text(*spot, f"p = {p}", color="C4")
    print(f"p = {p}: 100 steps after the spike the divisor is {after[p]:.0f}")
plt.semilogy(range(-100, 2900), maximum, color="C5")
plt.text(1100, 42, "the decayed maximum", color="C5")
print(f"the maximum: {maximum[200]:.0f}")
plt.xlabel("steps since the spike")
plt.ylabel("what the step is divided by")
plt.show()

assert after[2] < after[4] < after[16] < maximum[200]
