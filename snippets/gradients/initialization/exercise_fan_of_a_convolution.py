"""What is the fan in of a convolution?"""

import torch
from torch import nn

strength = {}
for name in ("channels alone", "channels and pixels"):
    torch.manual_seed(42)  # both draw the same numbers
    signal = torch.randn(8, 16, 12, 12, dtype=torch.float64)
    for _ in range(10):
        layer = nn.Conv2d(
            16, 16, 3, padding=1, padding_mode="circular", bias=False
        ).double()
        fan_in = layer.weight.shape[1]  # the fault
        if name == "channels and pixels":
            fan_in = layer.weight[0].numel()  # its repair
        nn.init.normal_(layer.weight, std=(2 / fan_in) ** 0.5)
        signal = torch.relu(layer(signal)).detach()
    strength[name] = signal.square().mean().sqrt().item()
    print(f"{name}: after ten layers {strength[name]:,.1f}")

ratio = strength["channels alone"] / strength["channels and pixels"]
print(f"ratio {ratio:,.0f}")
assert abs(ratio / 3**10 - 1) < 1e-6
