"""Scores that are three times too large: which temperature is found?"""

import torch
from torch import nn

torch.manual_seed(42)
honest = 2 * torch.randn(20_000, 10, dtype=torch.float64)
labels = torch.multinomial(honest.softmax(dim=1), 1)
scores = 3 * honest


def expected(inverse):
    return ((inverse * scores).softmax(dim=1) * scores).sum(dim=1).mean()


right = scores.gather(1, labels).mean()
low, high = 0.0, 10.0  # of 1/T
for _ in range(40):
    middle = (low + high) / 2
    low, high = (middle, high) if expected(middle) < right else (low, middle)
temperature = 1 / low

before, after = (
    nn.functional.cross_entropy(scores / t, labels[:, 0]).item()
    for t in (1, temperature)
)
print(
    f"temperature {temperature:.2f}, NLL {before:.2f} before, {after:.2f} after"
)
assert abs(temperature - 3) < 0.2
assert after < before
