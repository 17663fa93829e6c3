"""How much of the rate is left after a power and a square root decay?"""

scale, run = 100, 1000
left, steps = {}, {}
for name, power in (("power", 1.0), ("square root", 0.5)):
    left[name] = (1 + run / scale) ** -power
    steps[name] = round(scale * (100 ** (1 / power) - 1))
    print(f"{name}: {left[name]:.1%} at the end")
    print(f"  a hundredth at step {steps[name]:,}")
    assert abs((1 + steps[name] / scale) ** -power - 0.01) < 1e-9
