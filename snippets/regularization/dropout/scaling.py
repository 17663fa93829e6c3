"""Why are the units that remain scaled up?"""

import torch
from torch import nn

torch.manual_seed(42)
inputs = torch.rand(1_000_000)  # outputs of a layer, their mean ½


def dropout(x, p, scaled=True):
    mask = (torch.rand_like(x) >= p).float()
    return x * mask / (1 - p) if scaled else x * mask


kept, square = {}, {}
print("rate   mean, not scaled   mean, scaled   mean square, scaled")
for p in (0.0, 0.2, 0.5, 0.8):
    bare = dropout(inputs, p, scaled=False).mean().item()
    scaled = dropout(inputs, p)
    kept[p], square[p] = scaled.mean().item(), scaled.square().mean().item()
    print(f"{p:4}{bare:19.2f}{kept[p]:15.2f}{square[p]:22.2f}")
    assert abs(kept[p] - 0.5) < 0.01, "what comes in evaluation"
    assert abs(bare - 0.5 * (1 - p)) < 0.01

layer = nn.Dropout(0.5)
values = layer(torch.ones(1_000)).unique().tolist()
print(f"nn.Dropout(0.5) makes {values} of ones")
print(f"in evaluation {layer.eval()(torch.ones(1_000)).unique().tolist()}")
assert values == [0.0, 2.0]
