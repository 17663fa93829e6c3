"""After which measurements does the rate fall, with a patience of 2?"""

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

losses = [1.0, 0.8, 0.9, 0.8, 0.81, 0.7, 0.7, 0.7, 0.7]
optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
plateau = ReduceLROnPlateau(optimizer, factor=0.5, patience=2)
falls, rate = [], 1.0
for number, loss in enumerate(losses, 1):
    plateau.step(loss)
    if plateau.get_last_lr()[0] < rate:
        rate = plateau.get_last_lr()[0]
        falls.append(number)
print(f"the rate falls after measurements {falls}")
assert falls == [5, 9]
