"""How hard does the penalty pull at tensors of different length?"""

import torch

strength = 0.01
pull = {"norm": {}, "square": {}}
for length in (0.1, 1.0, 10.0):
    for name in pull:
        weight = torch.full((100,), length / 10, dtype=torch.float64)
        weight.requires_grad_()
        norm = weight.norm()
        (strength * (norm if name == "norm" else norm**2 / 2)).backward()
        pull[name][length] = weight.grad.norm().item()
    one, two = pull["norm"][length], pull["square"][length]
    print(f"length {length}: norm {one:.3f}, square {two:.3f}")

assert all(abs(one - strength) < 1e-9 for one in pull["norm"].values())
assert all(abs(one - strength * at) < 1e-9 for at, one in pull["square"].items())
