"""Labels that are noise, so that validation soon gets worse: how low a rate?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EarlyStopping
from torch.utils.data import DataLoader, TensorDataset, random_split

import lightning_modules as lm

torch.manual_seed(42)
noise = TensorDataset(torch.randn(128, 20), torch.randint(10, (128,)))
train, val = (DataLoader(one, 16) for one in random_split(noise, (64, 64)))
rates, history = lm.RateHistory(), lm.History()
sgd = partial(torch.optim.SGD, lr=1.0)
lr_scheduler = partial(lm.Plateau, factor=0.5, patience=5)
callbacks = [EarlyStopping("val/loss", patience=5), rates, history]
model = lm.Classifier(lm.MLP([20, 50, 10]), sgd, lr_scheduler)
lm.quiet_trainer(max_epochs=100, callbacks=callbacks).fit(model, train, val)
losses = history["val/loss"]
best, end = min(losses), losses[-1]
print(f"{len(losses)} epochs: val/loss at best {best:.1f}, at the end {end:.1f}")
print(f"rate {rates.rate()[0]}, at the end {rates.rate()[-1]}")

assert set(rates.rate()) == {1.0} and end > best
