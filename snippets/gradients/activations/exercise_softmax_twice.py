"""What does a softmax before cross_entropy do to loss and gradient?"""

import math

import torch
from torch import nn

least = -math.log(math.e / (math.e + 9))
label = torch.tensor([3])
perfect = nn.functional.one_hot(label, 10).double()
loss = nn.functional.cross_entropy(perfect, label).item()
print(f"all right and quite sure: {loss:.3f}")

gradient = {}
for name in ("twice", "once"):
    scores = torch.zeros(1, 10, dtype=torch.float64)
    scores[0, 7] = 20.0  # sure, and wrong
    scores.requires_grad_()
    given = scores.softmax(dim=1) if name == "twice" else scores
    nn.functional.cross_entropy(given, label).backward()
    gradient[name] = scores.grad.norm().item()
    print(f"softmax {name}, sure and wrong: gradient {gradient[name]:.0e}")

assert abs(loss - least) < 1e-9
assert gradient["twice"] < 1e-6 < 1 < gradient["once"]
