"""Keras' ε and torch's: by which factor do outputs differ?"""

import torch
from torch import nn

factor = {}
for variance in (1.0, 0.001):
    outputs = {}
    for name, eps in (("Keras", 1e-3), ("torch", 1e-5)):
        norm = nn.BatchNorm1d(1, eps=eps).double().eval()
        norm.running_var.fill_(variance)
        outputs[name] = norm(torch.ones(1, 1, dtype=torch.float64)).item()
    factor[variance] = outputs["torch"] / outputs["Keras"]
    print(f"variance {variance}: {factor[variance]:.4f} times as large")

expected = ((0.001 + 1e-3) / (0.001 + 1e-5)) ** 0.5
assert abs(factor[0.001] - expected) < 1e-6
