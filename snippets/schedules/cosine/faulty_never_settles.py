"""A hundred weights, sought through noise at a falling rate: do they settle?"""

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR

torch.manual_seed(42)
weight = torch.nn.Parameter(torch.ones(100))
optimizer, means = torch.optim.SGD([weight], lr=0.5), []
loader = torch.randn(100, 100)  # 100 batches, of noise around 0
schedule = CosineAnnealingLR(optimizer, T_max=10)
for _ in range(10):
    losses = []
    for batch in loader:
        losses.append(weight.square().mean().item())
        optimizer.zero_grad()
        ((weight - batch).square().sum() / 2).backward()
        optimizer.step()
        schedule.step()
    means.append(sum(losses) / 100)

print(f"mean loss: epoch 5 {means[4]:.3f}, epoch 10 {means[9]:.3f}")
assert means[9] > means[4] / 2
