"""Do the equations give what `nn.BatchNorm1d` gives, in both modes?"""

import torch
from torch import nn

torch.manual_seed(42)
norm = nn.BatchNorm1d(3, dtype=torch.float64)
nn.init.normal_(norm.weight)  # gamma
nn.init.normal_(norm.bias)  # beta
running_mean = torch.zeros(3, dtype=torch.float64)
running_var = torch.ones(3, dtype=torch.float64)

largest = 0.0
for _ in range(10):
    batch = 5 + 2 * torch.randn(4, 3, dtype=torch.float64)
    mean = batch.mean(dim=0)
    variance = batch.var(dim=0, correction=0)  # divided by n
    by_hand = (batch - mean) / torch.sqrt(variance + norm.eps)
    by_hand = norm.weight * by_hand + norm.bias
    largest = max(largest, (norm(batch) - by_hand).abs().max().item())

    unbiased = batch.var(dim=0, correction=1)  # divided by n - 1
    running_mean = 0.9 * running_mean + 0.1 * mean
    running_var = 0.9 * running_var + 0.1 * unbiased
print("training: outputs equal to twelve digits:", largest < 1e-12)
assert largest < 1e-12
assert torch.allclose(norm.running_mean, running_mean)
assert torch.allclose(norm.running_var, running_var)

norm.eval()
batch = torch.randn(1, 3, dtype=torch.float64)  # one is enough now
by_hand = (batch - running_mean) / torch.sqrt(running_var + norm.eps)
by_hand = norm.weight * by_hand + norm.bias
difference = (norm(batch) - by_hand).abs().max().item()
print("evaluation: outputs equal to twelve digits:", difference < 1e-12)
assert difference < 1e-12

remembered = (1 - norm.momentum) ** 10
keras = 0.99**10  # its momentum of .99 is torch's .01
print(
    f"left of the old mean after ten batches: {remembered:.0%}, Keras {keras:.0%}"
)
