"""The rate falls to a tenth: what becomes of the steps?"""

import torch

import lightning_modules as lm

steps = {}
for name, paper_form in (("torch's form", False), ("the paper's form", True)):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = lm.Momentum([weight], lr=0.1, momentum=0.9, paper_form=paper_form)
    lengths = []
    for number in range(200):
        if number == 100:
            optimizer.param_groups[0]["lr"] = 0.01
        before = weight.item()
        # Always the same gradient.
        weight.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        lengths.append(before - weight.item())
    steps[name] = lengths
    shown = ", ".join(f"{lengths[at]:.2f}" for at in (99, 100, 101, 110, 130))
    print(f"{name}: {shown} at steps 99, 100, 101, 110 and 130")

torchs, papers = steps.values()
assert max(abs(a - b) for a, b in zip(torchs[:100], papers, strict=False)) < 1e-12
part = papers[100] / papers[99]
assert abs(torchs[100] - torchs[99] / 10) < 1e-3, "at once"
assert part > 0.9, "as old gradients are forgotten"
