"""After how many steps does the running mean follow?"""

import torch
from torch import nn

norm = nn.BatchNorm1d(1)
batch = torch.tensor([[4.0], [6.0]]).repeat(8, 1)
means = []
for _ in range(60):
    norm(batch)
    means.append(norm.running_mean.item())

steps = next(step for step, mean in enumerate(means, 1) if mean > 0.99 * 5)
after_20 = means[19]
shift = 5 - after_20
print(f"within 1% after {steps} steps; after 20 it is {after_20:.2f}")
assert steps == 44
assert abs(after_20 - 5 * (1 - 0.9**20)) < 1e-4
