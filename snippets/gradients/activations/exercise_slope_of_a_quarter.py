"""What does a slope of ¼ below 0 do to the gradient?"""

import torch
from torch import nn

normal = torch.distributions.Normal(0.0, 1.0)
z = normal.icdf((torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000)
z.requires_grad_()
nn.functional.leaky_relu(z, 0.25).sum().backward()

chi = 2 * z.grad.square().mean().item()
after_fifty = chi**50
share = 1 / chi
print(f"a layer multiplies by {chi:.4f}, fifty by {after_fifty:.1f}")
print(f"the right variance is {share:.3f} of He's")
assert abs(chi - 1.0625) < 1e-9
