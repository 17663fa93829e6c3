"""Train an autoencoder to take noise away: how much is in what it gives back?"""

import torch
from torch import nn

import lightning_modules as lm

images = lm.Digits().train.images.flatten(1)
images = (images - images.mean()) / images.std()
torch.manual_seed(42)
encoder = nn.Sequential(nn.Linear(64, 200), nn.ReLU())
decoder = nn.Linear(200, 64)
parameters = [*encoder.parameters(), *decoder.parameters()]
optimizer = torch.optim.Adam(parameters, lr=0.003)
for _ in range(60):
    damaged = images + torch.randn_like(images)
    loss = (decoder(encoder(damaged)) - damaged).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

at_last = loss.item()
before = (damaged - images).square().mean().item()
after = (decoder(encoder(damaged)) - images).square().mean().item()
print(f"loss {at_last:.2f}")
print(f"noise that goes in {before:.2f}, that comes back {after:.2f}")
assert at_last < 0.3 and after > 0.7
