"""Half the noise: how far does a weight jitter under SGD and Adam?"""

import torch

import lightning_modules as lm

torch.manual_seed(42)
noise = torch.randn(600, 500, dtype=torch.float64)
ratio = {}
for name, kind in (("SGD", torch.optim.SGD), ("Adam", lm.Adam)):
    sizes = []
    for scale in (1.0, 0.5):
        weights = torch.nn.Parameter(torch.zeros(500, dtype=torch.float64))
        optimizer = kind([weights], lr=1.0)
        for gradient in noise:
            before = weights.detach().clone()
            weights.grad = scale * gradient
            optimizer.step()
        sizes.append((weights.detach() - before).square().mean().sqrt().item())
    ratio[name] = sizes[1] / sizes[0]
    print(f"{name}: steps {ratio[name]:.2f} times as long")

assert abs(ratio["SGD"] - 0.5) < 1e-6
assert abs(ratio["Adam"] - 1) < 1e-3
