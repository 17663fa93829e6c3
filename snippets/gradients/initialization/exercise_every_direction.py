"""How differently do thirty layers stretch different directions?"""

import torch
from torch import nn

floor = 1e12
torch.manual_seed(42)
for name in ("normal", "orthogonal"):
    product = torch.eye(100, dtype=torch.float64)
    for _ in range(30):
        weights = torch.empty(100, 100, dtype=torch.float64)
        if name == "normal":
            nn.init.normal_(weights, std=100**-0.5)
        else:
            nn.init.orthogonal_(weights)
        product = weights @ product
    stretched = torch.linalg.svdvals(product)
    if name == "normal":
        assert stretched[0] / stretched[-1] > floor
        print(f"{name}: most over least is more than {floor:.0e}")
ratio = (stretched[0] / stretched[-1]).item()
print(f"orthogonal: most over least {ratio:.3f}")
assert abs(ratio - 1) < 1e-6
