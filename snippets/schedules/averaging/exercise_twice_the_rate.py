"""Four times the rate: how much noisier are the weights, and their average?"""

import torch

torch.manual_seed(42)
steps, tail = 3000, 2000
variance = {"weights": {}, "average": {}}
for rate in (0.05, 0.2):
    weights = torch.zeros(3000, dtype=torch.float64)  # so many runs at once
    total = torch.zeros_like(weights)
    for step in range(steps):
        gradient = weights + torch.randn(3000, dtype=torch.float64)
        weights = weights - rate * gradient
        if step >= steps - tail:
            total += weights
    variance["weights"][rate] = weights.var().item()
    variance["average"][rate] = (total / tail).var().item()
    print(
        f"rate {rate}: weights {variance['weights'][rate]:.3f}, "
        f"average {variance['average'][rate] * tail:.2f} / {tail}"
    )

for rate in (0.05, 0.2):
    expected = rate / (2 - rate)
    assert abs(variance["weights"][rate] / expected - 1) < 0.15
    assert abs(variance["average"][rate] * tail - 1) < 0.15
ratio = variance["weights"][0.2] / variance["weights"][0.05]
