"""Which β leaves least of the distance at ηk = 0.01?"""

import cmath

k = 0.01


def left_over(beta):
    half = (1 + beta) * (1 - k) / 2
    root = cmath.sqrt(half**2 - beta * (1 - k))
    return max(abs(half + root), abs(half - root))


best = (1 - k**0.5) / (1 + k**0.5)
found = min((step / 1000 for step in range(1000)), key=left_over)
left = {"best": left_over(best)}
for beta in (0.0, 0.9, 0.99):
    left[beta] = left_over(beta)
print(f"by the formula {best:.3f}, by a search {found:.3f}")
for beta, part in left.items():
    print(f"β = {beta}: a step leaves {part:.3f}")
assert abs(found - best) < 1e-3
assert abs(left["best"] - (1 - k**0.5)) < 1e-6
