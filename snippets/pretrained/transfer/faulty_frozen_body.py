"""Freeze the body after step 100, and measure it in the steps that follow."""

import torch
from torch import nn

torch.manual_seed(42)
body, head = nn.Linear(10, 10), nn.Linear(10, 1)
parameters = [*body.parameters(), *head.parameters()]
optimizer = torch.optim.SGD(parameters, 0.01, momentum=0.9, weight_decay=0.1)
images = torch.randn(50, 10)
length = {}
for step in range(1, 401):
    optimizer.zero_grad(set_to_none=False)
    (head(body(images)) - 1).square().mean().backward()
    optimizer.step()
    if step == 100:
        body.requires_grad_(False)  # from here on
    if step in (100, 110, 150, 400):
        length[step] = body.weight.norm().item()
        gradient = body.weight.grad.norm().item()
        print(f"step {step}: length {length[step]:.2f}, gradient {gradient:.2f}")

assert gradient == 0 and length[400] < length[100] / 2
