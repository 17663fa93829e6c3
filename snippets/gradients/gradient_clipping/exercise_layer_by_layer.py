"""What does clipping leave of gradients of length 3 and 4?"""

import torch
from torch import nn

lengths, total = {}, {}
for name in ("each by itself", "all at once"):
    layers = [nn.Parameter(torch.zeros(2)) for _ in range(2)]
    layers[0].grad = torch.tensor([3.0, 0.0])
    layers[1].grad = torch.tensor([0.0, 4.0])
    if name == "each by itself":
        for layer in layers:
            nn.utils.clip_grad_norm_(layer, 1.0)
    else:
        nn.utils.clip_grad_norm_(layers, 1.0)
    lengths[name] = [layer.grad.norm().item() for layer in layers]
    total[name] = sum(length**2 for length in lengths[name]) ** 0.5
    both = " and ".join(f"{length:.1f}" for length in lengths[name])
    print(f"{name}: {both}, in all {total[name]:.2f}")

assert abs(total["all at once"] - 1) < 1e-4
assert abs(total["each by itself"] - 2**0.5) < 1e-4
