"""Tanh with weights twice too large: what becomes of signal and gradient?"""

import torch

width, depth = 200, 50
torch.manual_seed(42)
strength, power = {}, {}
for name, factor in (("Glorot", 1), ("twice Glorot", 2)):
    start = torch.randn(100, width, dtype=torch.float64, requires_grad=True)
    signal = start
    for _ in range(depth):
        weights = torch.randn(width, width, dtype=torch.float64)
        signal = torch.tanh(signal @ weights * factor * width**-0.5)
    signal.backward(torch.randn_like(signal))
    strength[name] = signal.square().mean().sqrt().item()
    power[name] = round(start.grad.square().mean().sqrt().log10().item())
    print(f"{name}: signal {strength[name]:.2f}, gradient 10^{power[name]}")

assert strength["Glorot"] < 0.2 < 0.6 < strength["twice Glorot"] < 0.85
assert power["Glorot"] <= 0 < 3 <= power["twice Glorot"]
