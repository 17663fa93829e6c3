"""At which rates do three kinds of momentum explode?"""

import torch

kinds = {
    "gradient descent": {},
    "momentum": {"momentum": 0.9},
    "mean of gradients": {"momentum": 0.9, "dampening": 0.9},
}
left = {}
for name, settings in kinds.items():
    left[name] = {}
    for rate in (3, 5):
        weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
        optimizer = torch.optim.SGD([weight], lr=rate, **settings)
        for _ in range(500):
            weight.grad = weight.detach().clone()
            optimizer.step()
        left[name][rate] = weight.abs().item()
    ends = [
        f"{'explodes' if one > 1 else 'arrives'}" for one in left[name].values()
    ]
    print(f"{name}: rate 3 {ends[0]}, rate 5 {ends[1]}")

assert left["gradient descent"][3] > 1e9 and left["momentum"][5] > 1e9
assert max(left["momentum"][3], *left["mean of gradients"].values()) < 1e-6
