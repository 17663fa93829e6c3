"""Two shares of a new batch: how far does the running mean scatter?"""

import torch

torch.manual_seed(42)
batches = torch.randn(1000, 4000, dtype=torch.float64)
scatter = {}
for share in (0.01, 0.99):
    running = torch.zeros(4000, dtype=torch.float64)
    for mean in batches:
        running = (1 - share) * running + share * mean
    scatter[share] = running.std().item()
    print(f"{share} of each new batch: scatters by {scatter[share]:.2f}")

for share, measured in scatter.items():
    assert abs(measured / (share / (2 - share)) ** 0.5 - 1) < 0.06
