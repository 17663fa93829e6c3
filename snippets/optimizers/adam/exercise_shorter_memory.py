"""Adam without correction and with two memories: how long are its steps?"""

first, longest, at = {}, {}, {}
for beta2 in (0.999, 0.99):
    m = s = 0.0
    lengths = []
    for _ in range(3000):
        gradient = 0.3
        m = 0.9 * m + 0.1 * gradient
        s = beta2 * s + (1 - beta2) * gradient**2
        lengths.append(m / s**0.5)
    first[beta2], longest[beta2] = lengths[0], max(lengths)
    at[beta2] = lengths.index(longest[beta2]) + 1
    print(f"β₂ = {beta2}: first {first[beta2]:.2f}, longest {longest[beta2]:.1f}")

assert abs(first[0.99] - 1) < 1e-9
assert longest[0.99] > 2
