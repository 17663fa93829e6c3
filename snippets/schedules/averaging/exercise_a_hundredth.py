"""After how many steps is a hundredth of an average left to the start?"""

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

weight = torch.nn.Linear(1, 1, bias=False, dtype=torch.float64)
weight.weight.data.fill_(1.0)
average = AveragedModel(weight, multi_avg_fn=get_ema_multi_avg_fn(0.99))
average.update_parameters(weight)
weight.weight.data.fill_(0.0)  # from now on only the start is not 0

steps, left = 1, [1.0]
while left[-1] > 0.01:
    average.update_parameters(weight)
    left.append(average.module.weight.item())
    steps += 1
print(f"step {steps - 1}: {left[-2]:.4f}, step {steps}: {left[-1]:.4f}")

assert steps == 460, "0.99⁴⁵⁹ is the first power below a hundredth"
