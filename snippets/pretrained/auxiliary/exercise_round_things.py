"""Images that look the same when turned: what can the best network reach?"""

import math

cases = {  # the share of images, and how many of their positions look alike
    "halves": ((0.8, 1), (0.2, 2)),
    "some round": ((0.8, 1), (0.1, 2), (0.1, 4)),
}
accuracy, loss = {}, {}
for name, shares in cases.items():
    accuracy[name] = sum(share / alike for share, alike in shares)
    loss[name] = sum(share * math.log(alike) for share, alike in shares)
    print(f"{name}: at best {accuracy[name]:.1%}, a loss of {loss[name]:.2f}")
assert abs(accuracy["halves"] - 0.9) < 1e-9
assert abs(accuracy["some round"] - 0.875) < 1e-9
