"""Can a trained network do without its batch norms?"""

import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
network = nn.Sequential(
    nn.Conv2d(1, 8, kernel_size=3, bias=False),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(8 * 6 * 6, 30, bias=False),
    nn.BatchNorm1d(30),
    nn.ReLU(),
    nn.Linear(30, 10),
)
data = lm.Digits()
trainer = lm.quiet_trainer(max_epochs=2)
trainer.fit(lm.Classifier(network), data)

network.eval()
folded = lm.fold_batch_norm(network)
print(folded)

images = data.test.images
with torch.no_grad():
    before, after = network(images), folded(images)
difference = ((before - after).abs().max() / before.abs().max()).item()
print("outputs equal to five digits:", difference < 1e-5)

assert difference < 1e-5
assert torch.equal(before.argmax(dim=1), after.argmax(dim=1))
