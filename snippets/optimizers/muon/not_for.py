"""What would Muon do to an embedding, and to a bias?

An embedding of 200 tokens with 16 numbers each, the first seen in every batch and
the last in one of fifty. The root mean square of a token's steps, beside that of
the most frequent. AdamW (gray) moves each token by its own gradients. With Muon
(green) tokens share 16 directions, which the frequent ones fill: the rarer a
token, the less it moves.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

torch.manual_seed(42)
tokens, steps = 200, 400
often = torch.linspace(0, 1, tokens).mul(torch.tensor(0.02).log()).exp()


def lengths(optimizer_class):
    """How far each token moves in a step, beside the most frequent ones."""
    table = torch.nn.Parameter(torch.zeros(tokens, 16))
    optimizer = optimizer_class([table], lr=1.0, weight_decay=0.0)
    squares = torch.zeros(tokens)
    for step in range(steps):
        before = table.detach().clone()
        seen = torch.rand(tokens) < often
        table.grad = seen[:, None] * torch.randn(tokens, 16)
        optimizer.step()
        if step >= 100:
            squares += (table.detach() - before).square().mean(dim=1)
    root = squares.sqrt()
    return root / root[:20].mean()


frequent_and_rare = {}
for name, optimizer_class, color, spot in (
    ("AdamW", lm.AdamW, "C7", (0.2, 1.17)),
    ("Muon", lm.Muon, "C2", (0.06, 0.42)),
):
    found = lengths(optimizer_class)
    plt.semilogx(often, found, ".", color=color, markersize=4)
    plt.text(*spot, name, color=color)
    frequent_and_rare[name] = found[-20:].mean().item()
    print(f"{name}: the rarest tokens move {frequent_and_rare[name]:.2f} as far")
plt.ylim(0, 1.3)
plt.xlabel("part of the batches that a token is in")
plt.ylabel("its steps ÷ the most frequent's")
plt.show()
assert frequent_and_rare["Muon"] < 0.35 < 0.8 < frequent_and_rare["AdamW"]

# A bias as a matrix of one row has one direction: its gradient's.
bias = torch.nn.Parameter(torch.zeros(1, 100))
moved = []
for size in (1.0, 1e-4):
    optimizer = lm.Muon([bias], lr=1.0, weight_decay=0.0)
    before = bias.detach().clone()
    bias.grad = size * torch.randn(1, 100)
    optimizer.step()
    step = before - bias.detach()
    along = (step * bias.grad).sum() / step.norm() / bias.grad.norm()
    moved.append(step.norm().item())
    print(f"bias, gradients of size {size:g}: a step of length {moved[-1]:.1f}")
    assert along > 0.999, "along the gradient"
assert abs(moved[0] - moved[1]) < 0.1, "as long for small gradients as for large"

try:
    lm.Muon([torch.nn.Parameter(torch.zeros(100))])
except ValueError as error:
    print(f"refused: {str(error).partition('.')[0]}")
