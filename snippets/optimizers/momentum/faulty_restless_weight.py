"""Does gradient descent come to rest in a bowl?"""

import torch

weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
optimizer, distances = torch.optim.SGD([weight], lr=0.1), []
for _ in range(1000):
    (weight.square().sum() / 2).backward()
    optimizer.step()
    distances.append(abs(weight.item()))

swing = {last: max(distances[last - 100 : last]) for last in (100, 500, 1000)}
for last, farthest in swing.items():
    print(f"steps {last - 99} to {last}: up to {farthest:.2f} from the minimum")
assert min(swing.values()) > 0.9
