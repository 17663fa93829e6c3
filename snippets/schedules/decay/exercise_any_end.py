"""A constant rate with a short decay at the end, beside a linear decay."""

import torch

curvature = torch.logspace(-1.5, 0, 2000, dtype=torch.float64)
rate, ends = 0.5, (500, 1000, 2000)


def descend(weights, rates):
    for one in rates:
        noise = torch.randn(len(weights), dtype=torch.float64)
        weights = weights - one * (curvature * weights + noise)
    return weights


def loss(weights):
    return (curvature * weights.square()).mean().item() / 2


def down(steps):
    return [rate * (1 - step / steps) for step in range(steps)]


torch.manual_seed(42)
start = torch.full((2000,), 10.0, dtype=torch.float64)
beside, constant, trunk, made = {}, {}, start, 0
for end in ends:
    tail = end // 6  # a fifth of the steps before it
    trunk = descend(trunk, [rate] * (end - tail - made))
    made = end - tail
    linear = loss(descend(start, down(end)))
    beside[end] = loss(descend(trunk, down(tail))) / linear
    constant[end] = loss(descend(trunk, [rate] * tail)) / linear
    print(f"{end}: with a tail {beside[end]:.1f}, without {constant[end]:.1f}")

assert all(beside[end] < 0.6 * constant[end] for end in ends)
