"""A loss that falls by half the threshold: does the rate fall?"""

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

falls = {}
for patience in (0, 1, 2, 5):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    plateau = ReduceLROnPlateau(
        optimizer, patience=patience, threshold=1e-3, eps=0
    )
    falls[patience], rate = 0, 1.0
    for epoch in range(30):
        plateau.step(0.9995**epoch)
        falls[patience] += plateau.get_last_lr()[0] < rate
        rate = plateau.get_last_lr()[0]
    print(f"patience {patience}: {falls[patience]} times")

assert falls[0] > 5
assert falls[2] == falls[5] == 0
