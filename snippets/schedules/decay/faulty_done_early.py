"""Weights, sought in 1,000 batches without noise: how near do they come?"""

import warnings

import torch
from torch.optim.lr_scheduler import LinearLR

warnings.simplefilter("ignore")  # "call them in the opposite order"
torch.manual_seed(42)
weight = torch.nn.Parameter(torch.zeros(20))
loader = torch.randn(1000, 16, 20)  # 1,000 batches of 16 inputs
optimizer, losses = torch.optim.SGD([weight], lr=0.01), []
schedule = LinearLR(optimizer, 1.0, 0.0, total_iters=250)
for number, batch in enumerate(loader, 1):
    loss = (batch @ (weight - 1)).square().mean()
    (loss / 4).backward()
    if number % 4 == 0:
        optimizer.step()
        optimizer.zero_grad()
    schedule.step()
    losses.append(loss.item())

start, end = sum(losses[:10]) / 10, sum(losses[-10:]) / 10
print(f"loss: {start:.1f} in the first ten batches, {end:.1f} in the last")

assert 0.1 * start < end < start
