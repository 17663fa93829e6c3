"""Frozen after 100 steps: how far does the layer still move?"""

import torch
from torch import nn

moved = {}
for to_none in (False, True):
    torch.manual_seed(42)
    body, head = nn.Linear(10, 10).double(), nn.Linear(10, 1).double()
    parameters = [*body.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(
        parameters, lr=0.01, momentum=0.9, weight_decay=0.1
    )
    images = torch.randn(50, 10, dtype=torch.float64)
    for step in range(200):
        if step == 99:
            before = body.weight.detach().clone()
        if step == 100:
            body.requires_grad_(False)
            frozen = body.weight.detach().clone()
        optimizer.zero_grad(set_to_none=to_none)
        (head(body(images)) - 1).square().mean().backward()
        optimizer.step()
    last_step = (frozen - before).norm()
    moved[str(to_none)] = ((body.weight - frozen).norm() / last_step).item()
    print(f"set_to_none={to_none}: {moved[str(to_none)]:.1f} times its last step")

assert moved["False"] > 3 and moved["True"] == 0
