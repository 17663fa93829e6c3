"""Two passes: how large are entropy and mutual information?"""

import math


def entropy_of(p):
    return -sum(one * math.log(one) for one in p if one > 0)


passes = {
    "agree": ((0.5, 0.5), (0.5, 0.5)),
    "contradict": ((1.0, 0.0), (0.0, 1.0)),
    "mostly": ((0.9, 0.1), (0.1, 0.9)),
}
entropy, information = {}, {}
for name, (one, other) in passes.items():
    mean = [(a + b) / 2 for a, b in zip(one, other, strict=True)]
    entropy[name] = entropy_of(mean)
    doubt = (entropy_of(one) + entropy_of(other)) / 2
    information[name] = entropy[name] - doubt + 0.0
    print(
        f"{name}: {entropy[name]:.2f}, of it {information[name]:.2f} information"
    )

assert all(abs(one - math.log(2)) < 1e-9 for one in entropy.values())
assert information["agree"] < information["mostly"] < information["contradict"]
