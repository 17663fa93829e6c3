"""Gradients fall to a thousandth for good: who makes full steps first?"""

beta1, beta2, small = 0.9, 0.999, 1e-3

m = u = s = 1.0  # after 10,000 gradients of 1
steps = {}
for t in range(1, 20_001):
    m = beta1 * m + (1 - beta1) * small
    u = max(beta2 * u, small)
    s = beta2 * s + (1 - beta2) * small**2
    if t > 200:  # the velocity has forgotten by then
        for name, divisor in (("Adam", s**0.5), ("AdaMax", u)):
            if m / divisor >= 0.5 and name not in steps:
                steps[name] = t
for name, count in steps.items():
    print(f"{name}: half a rate again after {count:,} steps")
assert 1.8 < steps["Adam"] / steps["AdaMax"] < 2.3
