"""Does RReLU give the same image the same answer twice?"""

import torch
from torch import nn

torch.manual_seed(42)
network = nn.Sequential(nn.Linear(8, 16), nn.RReLU(), nn.Linear(16, 1))
image = torch.randn(1, 8)
answers = {}
for mode in ("training", "evaluation"):
    network.train(mode == "training")
    answers[mode] = len({round(network(image).item(), 6) for _ in range(20)})
    print(f"{mode}: {answers[mode]} different answers in 20 calls")

assert answers["training"] > 10
assert answers["evaluation"] == 1
