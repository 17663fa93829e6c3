"""Which way does Adam walk if its divisor never falls?"""


def walk(never_falls, steps=3000, beta2=0.1, rate=1e-3):
    weight, s, largest = 0.0, 0.0, 0.0
    for step in range(steps):
        gradient = 4.0 if step % 4 == 0 else -1.0
        s = beta2 * s + (1 - beta2) * gradient**2
        largest = max(largest, s)
        divisor = largest if never_falls else s
        weight -= rate * gradient / (divisor**0.5 + 1e-8)
    return weight


end = {"Adam": walk(False), "largest s so far": walk(True)}
for name, place in end.items():
    print(f"{name}: {place:+.2f}, {'uphill' if place > 0 else 'downhill'}")
assert end["largest s so far"] < -0.1 < 0.1 < end["Adam"]
