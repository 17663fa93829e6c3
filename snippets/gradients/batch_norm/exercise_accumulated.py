"""Are four batches of 8 the same as one of 32?"""

import torch
from torch import nn

images = torch.randn(32, 20, generator=torch.Generator().manual_seed(42))
labels = torch.arange(32) % 4


def gradient(kind, pieces):
    torch.manual_seed(42)
    network = nn.Sequential(
        nn.Linear(20, 30), kind(30), nn.ReLU(), nn.Linear(30, 4)
    ).double()
    for batch, right in zip(
        images.chunk(pieces), labels.chunk(pieces), strict=True
    ):
        loss = nn.functional.cross_entropy(network(batch.double()), right)
        (loss / pieces).backward()
    return torch.cat([one.grad.flatten() for one in network.parameters()])


apart = {}
for name, kind in (
    ("none", lambda units: nn.Identity()),
    ("layer norm", nn.LayerNorm),
    ("batch norm", nn.BatchNorm1d),
):
    whole, pieces = gradient(kind, 1), gradient(kind, 4)
    apart[name] = ((whole - pieces).norm() / whole.norm()).item()
    same = apart[name] < 1e-9
    print(f"{name}: {'the same' if same else f'{apart[name]:.0%} apart'}")

assert max(apart["none"], apart["layer norm"]) < 1e-9 < 0.1 < apart["batch norm"]
