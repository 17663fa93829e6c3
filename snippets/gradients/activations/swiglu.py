"""What can a gated block do that is hard for a plain one?

A block of two gated units, its weights set by hand, multiplies two numbers: a
gate times a value is a product, and Swish(a) − Swish(−a) = a. The plain block
has as many parameters as the gated one of the same width.
"""

import torch
from torch import nn

from lightning_modules import SwiGLU

plain = nn.Sequential(
    nn.Linear(64, 96, bias=False), nn.GELU(), nn.Linear(96, 64, bias=False)
)
gated = SwiGLU(width=64, hidden=96)
size = {
    "plain": sum(weight.numel() for weight in plain.parameters()),
    "gated": sum(weight.numel() for weight in gated.parameters()),
}
print(f"plain: {size['plain']:,} parameters, 96 hidden units")
print(f"gated: {size['gated']:,} parameters, {gated.units} hidden units")

product = SwiGLU(width=2, hidden=3)  # two gated units
with torch.no_grad():
    product.gate.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))  # a, −a
    product.value.weight.copy_(torch.tensor([[0.0, 1.0], [0.0, -1.0]]))  # b, −b
    product.out.weight.copy_(torch.tensor([[1.0, 1.0], [0.0, 0.0]]))
    pairs = torch.tensor([[3.0, 4.0], [-2.0, 0.5], [100.0, 100.0]])
    answers = product(pairs)[:, 0]
for (a, b), answer in zip(pairs.tolist(), answers.tolist(), strict=True):
    print(f"{a:g} times {b:g} is {answer:g}")

assert size["plain"] == size["gated"]
assert torch.allclose(answers, pairs.prod(dim=1))
