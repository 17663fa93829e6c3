"""Plateaus that do the wrong thing, or nothing: what becomes of them?"""

from functools import partial

import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch.optim.lr_scheduler import ReduceLROnPlateau

import lightning_modules as lm

# An accuracy that rises, watched for falling.
sgd = torch.optim.SGD([torch.zeros(1)], lr=0.1)
plateau = ReduceLROnPlateau(sgd, factor=0.5, patience=0)
for accuracy in (0.5, 0.6, 0.7, 0.8):
    plateau.step(accuracy)
lowered = sgd.param_groups[0]["lr"]
print(f"torch's plateau, while the accuracy rises: rate 0.1 to {lowered:.4f}")

refused = []
try:
    lm.Plateau(sgd, monitor="val/accuracy")
except ValueError as error:
    refused.append(error)

# Ten measurements without improvement, in a run of ten epochs.
model = lm.Classifier(
    lm.MLP([64, 10]), partial(torch.optim.SGD, lr=0.1), ReduceLROnPlateau
)
try:
    lm.quiet_trainer(max_epochs=10).fit(model, lm.Digits())
except MisconfigurationException as error:
    refused.append(error)

for error in refused:
    print("refused:", str(error).split(". ")[0])
assert lowered < 0.02
assert len(refused) == 2
