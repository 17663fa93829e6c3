"""AdaMax made out of a working Adam: how soon does it find ten weights?"""

import torch

torch.manual_seed(42)
inputs, sought = torch.randn(1000, 10), torch.ones(10)
beta1, beta2, rate = 0.9, 0.999, 0.01
weight, m, u = torch.zeros(3, 10)
losses = []
for t in range(1, 1002):
    errors = inputs @ (weight - sought)
    losses.append((errors @ errors / 1000).item())
    gradient = 2 * inputs.T @ errors / 1000
    m = beta1 * m + (1 - beta1) * gradient
    u = torch.maximum(beta2 * u, gradient.abs())
    weight -= rate * (m / (1 - beta1**t)) / (u / (1 - beta2**t))

start, soon, end = (losses[step] for step in (0, 100, 1000))
print(f"loss {start:.1f}, after 100 steps {soon:.1f}, after 1,000 {end:.1f}")

assert soon > 0.7 * start and end < 0.1 * start
