"""AdaMax with a correction too many: how far do its first steps go?"""

first, way = {}, {}
for name in ("corrected", "as it is"):
    m = u = 0.0
    lengths = []
    for t in range(1, 1001):
        gradient = 1.0
        m = 0.9 * m + 0.1 * gradient
        u = max(0.999 * u, abs(gradient))
        divisor = u / (1 - 0.999**t) if name == "corrected" else u  # the fault
        lengths.append(m / (1 - 0.9**t) / divisor)
    first[name], way[name] = lengths[0], sum(lengths)
    print(
        f"{name}: first step {first[name]:.3f}, 1,000 steps {way[name]:.0f} rates"
    )

assert abs(first["corrected"] - 0.001) < 1e-9
assert abs(way["as it is"] - 1000) < 1e-6 and way["corrected"] < 400
