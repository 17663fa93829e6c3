"""An average that is updated every tenth step: how much of the start is left?"""

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

first = {}
for every in (1, 10):
    weight = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
    average = AveragedModel(weight, multi_avg_fn=get_ema_multi_avg_fn(0.995))
    weight.weight.data.fill_(1.0)
    average.update_parameters(weight)
    weight.weight.data.fill_(0.0)
    for step in range(1, 1001):
        if step % every == 0:
            average.update_parameters(weight)
    first[every] = average.module.weight.item()
    print(f"updated every {every} steps: {first[every]:.1%} are the start's")

assert abs(first[1] - 0.995**1000) < 1e-9
assert abs(first[10] - 0.995**100) < 1e-9
