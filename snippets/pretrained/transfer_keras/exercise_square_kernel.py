"""A square kernel, copied as it is and transposed: what are the outputs?"""

import torch
from torch import nn

torch.manual_seed(42)
kernel = torch.randn(64, 64, dtype=torch.float64) / 8  # (inputs, outputs)
images = torch.randn(100, 64, dtype=torch.float64)
right = images @ kernel  # what Keras computes

apart = {}
linear = nn.Linear(64, 64, bias=False, dtype=torch.float64)
for name, weight in (("as it is", kernel), ("transposed", kernel.T)):
    with torch.no_grad():
        linear.weight.copy_(weight)
        apart[name] = ((linear(images) - right).norm() / right.norm()).item()
    print(f"{name}: the outputs are {apart[name]:.1f} of their size apart")

assert apart["transposed"] < 1e-9 < 1 < apart["as it is"]
