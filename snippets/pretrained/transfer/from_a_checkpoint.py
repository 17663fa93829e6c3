"""Eight classes in the checkpoint, two in the new network: what is loaded?"""

from collections import OrderedDict

import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
images, labels = lm.Digits().train
first_eight = lm.InMemoryBatches(images[labels < 8], labels[labels < 8], 32)
trained = lm.Classifier(lm.MLP([64, 50, 50, 8]))
trainer = lm.quiet_trainer(max_epochs=1)
trainer.fit(trained, first_eight, first_eight)
trainer.save_checkpoint("eight_classes.ckpt")

# A new head, and everything else as it was.
model = lm.Classifier(lm.MLP([64, 50, 50, 2]))
report = lm.reuse(model, "eight_classes.ckpt", new=["network.5"])
print(report)
first = report["network.1.weight"]
print("first layer:", first.status, first.shape)

# Without a word about the head, nothing is loaded at all.
try:
    lm.reuse(model, "eight_classes.ckpt")
except lm.WeightsDoNotFit as error:
    print("\n" + str(error))

# Torch, told not to be strict, takes a file with other names, and loads nothing.
names = OrderedDict(body=lm.MLP([64, 50, 50]), head=nn.Linear(50, 2))
other = nn.Sequential(names)
weights = torch.load("eight_classes.ckpt", weights_only=True)["state_dict"]
answer = other.load_state_dict(weights, strict=False)
loaded = len(other.state_dict()) - len(answer.missing_keys)
print(f"\nload_state_dict(strict=False): {loaded} of 6 tensors, and no error")

# Here the names are given: left the source's, right the model's.
layers = {"network.1": "body.1", "network.3": "body.3"}
report = lm.reuse(other, "eight_classes.ckpt", layers=layers)
print(f"reuse(layers=…): {len(report.loaded)} of 6 tensors")

assert torch.equal(model.network[1].weight, trained.network[1].weight)
assert loaded == 0
assert torch.equal(other.body[1].weight, trained.network[1].weight)
