"""After an averaged run, whose accuracy does its Trainer measure?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EMAWeightAveraging

import lightning_modules as lm

data = lm.Digits(train_size=640)
torch.manual_seed(42)
sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
averaging = EMAWeightAveraging(decay=0.9)
trainer = lm.quiet_trainer(max_epochs=3, callbacks=[averaging])
trainer.fit(model, data)

untrained = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
accuracy = {}
for name, who in (("that Trainer", trainer), ("a new one", lm.quiet_trainer())):
    found = who.validate(untrained, data)[0]["val/accuracy"]
    accuracy[name] = found
    print(f"an untrained network, by {name}: {found:.0%}")

assert accuracy["that Trainer"] > 0.7, "the averages, and not what it was given"
assert accuracy["a new one"] < 0.4
