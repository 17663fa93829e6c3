"""An average beside the training, in one line: what is validated, and kept?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EMAWeightAveraging

import lightning_modules as lm

data = lm.Digits()
torch.manual_seed(42)
sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
history = lm.History()
trainer = lm.quiet_trainer(
    max_epochs=3, callbacks=[history, EMAWeightAveraging(decay=0.95)]
)
trainer.fit(model, data)

after = lm.quiet_trainer().validate(model, data)[0]["val/accuracy"]
epochs = " ".join(f"{accuracy:.0%}" for accuracy in history["val/accuracy"])
print(f"validation accuracy, epoch by epoch: {epochs}")
print(f"of the model after training: {after:.0%}")
assert after == history["val/accuracy"][-1], "the averages, both times"
