"""What changes when the weights before a batch norm become ten times longer?"""

import torch
from torch import nn

torch.manual_seed(42)
inputs = torch.randn(32, 20, dtype=torch.float64)
target = torch.randn(32, 10, dtype=torch.float64)
layer = nn.Linear(20, 10, bias=False, dtype=torch.float64)
norm = nn.BatchNorm1d(10, eps=1e-12, dtype=torch.float64)

outputs, gradients = [], []
for factor in (1, 10):
    with torch.no_grad():
        layer.weight *= factor
    layer.zero_grad()
    outputs.append(norm(layer(inputs)))
    nn.functional.mse_loss(outputs[-1], target).backward()
    gradients.append(layer.weight.grad.clone())

ratio = (gradients[1].norm() / gradients[0].norm()).item()
cosine = torch.cosine_similarity(layer.weight, gradients[1]).abs().max().item()
print("the outputs are the same:", torch.allclose(outputs[0], outputs[1]))
print(f"length of the gradient: {ratio:.2f} times what it was")
print("gradients are orthogonal to the weights:", cosine < 1e-10)

assert torch.allclose(outputs[0], outputs[1])
assert torch.allclose(gradients[1] * 10, gradients[0])
assert cosine < 1e-10
