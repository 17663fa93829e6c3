"""How long is the whole gradient after it was clipped at 1?"""

import torch
from torch import nn

network = nn.ParameterList([torch.zeros(2), torch.zeros(2)])
network[0].grad = torch.tensor([3.0, 0.0])
network[1].grad = torch.tensor([0.0, 4.0])
for parameter in network.parameters():
    nn.utils.clip_grad_norm_(parameter, 1.0)

length = torch.cat([parameter.grad for parameter in network]).norm().item()
print(f"clipped at 1, and {length:.2f} long")
assert length > 1.2
