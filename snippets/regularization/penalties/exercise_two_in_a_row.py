"""ℓ2 on two weights in a row: what becomes of their product?"""

strength, rate = 0.1, 0.1
product, single = {}, {}
for target in (1, 0.05):
    u, v, w = 0.7, 0.5, 0.5
    for _ in range(5000):
        error = u * v - target
        u, v = (
            u - rate * (error * v + strength * u),
            v - rate * (error * u + strength * v),
        )
        w -= rate * ((w - target) + strength * w)
    product[target], single[target] = u * v, w
    print(f"target {target}: the product {u * v:.3f}, a single weight {w:.3f}")

assert abs(product[1] - 0.9) < 1e-6 and abs(product[0.05]) < 1e-6
assert all(abs(single[a] - a / 1.1) < 1e-6 for a in single)
