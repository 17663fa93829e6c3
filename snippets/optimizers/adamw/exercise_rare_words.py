"""What is left of an embedding's row that no batch asks for?"""

import torch
from torch import nn

left = {}
for name, kind, decay in (
    ("AdamW", torch.optim.AdamW, 0.1),
    ("Adam + ℓ2", torch.optim.Adam, 0.1),
    ("a group without decay", torch.optim.AdamW, 0.0),
):
    embedding = nn.Embedding(2, 8)
    nn.init.ones_(embedding.weight)
    optimizer = kind(embedding.parameters(), lr=1e-2, weight_decay=decay)
    for _ in range(500):
        optimizer.zero_grad()
        embedding(torch.tensor([0])).square().sum().backward()  # row 1 is unused
        optimizer.step()
    left[name] = embedding.weight[1].abs().mean().item()
    print(f"{name}: {left[name]:.0%}")

assert abs(left["AdamW"] - (1 - 1e-3) ** 500) < 1e-4
assert left["Adam + ℓ2"] < 0.05 and left["a group without decay"] == 1
