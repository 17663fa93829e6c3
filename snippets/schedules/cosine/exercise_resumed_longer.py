"""Step 500 of a run of 1,000, and of 2,000: which rate has it?"""

import torch

import lightning_modules as lm

before, after = {}, {}
for name, kind in (("cosine", lm.CosineDecay), ("linear", lm.LinearDecay)):
    for steps, found in ((1000, before), (2000, after)):
        weight = torch.nn.Parameter(torch.zeros(1))
        optimizer = torch.optim.SGD([weight], lr=1.0)
        found[name] = lm.preview(kind(optimizer, total_steps=steps), 501)[500]
    print(f"{name}: from {before[name]:.2f} to {after[name]:.2f}")

assert abs(before["cosine"] - 0.5) < 1e-9 and abs(before["linear"] - 0.5) < 1e-9
assert abs(after["cosine"] - (1 + 0.5**0.5) / 2) < 1e-9
assert abs(after["linear"] - 0.75) < 1e-9
