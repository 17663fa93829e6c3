"""A frozen body, run in each epoch and run once: is the head the same?"""

import torch
from torch import nn

torch.manual_seed(42)
images, labels = torch.randn(100, 64).double(), torch.arange(100) % 10
body = nn.Sequential(
    nn.Linear(64, 500), nn.ReLU(), nn.Dropout(0.5), nn.Linear(500, 500), nn.ReLU()
).double()


def train_head(features, epochs=100):
    """`features()` is called in each epoch."""
    torch.manual_seed(0)
    head = nn.Linear(500, 10).double()
    optimizer = torch.optim.SGD(head.parameters(), lr=0.1)
    for _ in range(epochs):
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(features()), labels).backward()
        optimizer.step()
    return head.weight.detach()


apart = {}
for mode in ("eval", "train"):
    body.train(mode == "train")
    with torch.no_grad():
        once = body(images)
        kept = once.clone()
    every = train_head(lambda: body(images).detach())
    only = train_head(lambda kept=kept: kept)
    apart[mode] = ((every - only).norm() / every.norm()).item()
    same = apart[mode] < 1e-9
    print(f"{mode}: {'the same head' if same else 'another head'}")

in_body, in_head = 64 * 500 + 500 * 500, 500 * 10
fewer = 100 * (in_body + in_head) / (in_body + 100 * in_head)
print(f"{fewer:.0f} times fewer multiplications forward")
assert apart["eval"] < 1e-9 < 0.05 < apart["train"]
