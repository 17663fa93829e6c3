"""RMSProp's mean, updated before and after the step: how long are steps?"""

first, last = {}, {}
for name in ("mean updated after", "mean updated before"):
    s, lengths = 0.0, []
    for _ in range(200):
        gradient = 1.0
        if name == "mean updated before":
            s = 0.9 * s + 0.1 * gradient**2
        lengths.append(gradient / (s**0.5 + 1e-8))
        if name == "mean updated after":  # the fault
            s = 0.9 * s + 0.1 * gradient**2
    first[name], last[name] = lengths[0], lengths[-1]
    print(f"{name}: first {first[name]:.1e}, last {last[name]:.2f} rates")

assert first["mean updated after"] > 1e7
assert abs(last["mean updated after"] - last["mean updated before"]) < 1e-6
