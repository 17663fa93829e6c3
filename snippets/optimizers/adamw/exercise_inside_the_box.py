"""Where do AdamW and Adam with a penalty end, for two curvatures?"""

import torch

import lightning_modules as lm

curvature = torch.tensor([1.0, 1000.0], dtype=torch.float64)
end = {}
for name, kind in (("AdamW", lm.AdamW), ("Adam + ℓ2", lm.Adam)):
    weights = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimizer = kind([weights], lr=0.01, betas=(0.9, 0.9), weight_decay=0.4)
    for _ in range(2000):
        weights.grad = curvature * (weights.detach() - 3)
        optimizer.step()
    end[name] = dict(zip((1, 1000), weights.tolist(), strict=True))
    print(
        f"{name}: {end[name][1]:.2f} for k = 1, {end[name][1000]:.2f} for 1,000"
    )

assert all(abs(place - 2.5) < 0.02 for place in end["AdamW"].values())
assert abs(end["Adam + ℓ2"][1] - 3 / 1.4) < 0.02
assert abs(end["Adam + ℓ2"][1000] - 3) < 0.02
