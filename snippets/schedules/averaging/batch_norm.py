"""An average of weights under batch norm: whose statistics does it need?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from torch.optim.swa_utils import update_bn

import lightning_modules as lm

data, loss = lm.Digits(train_size=640), {}
for use_buffers in (True, False):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.3, momentum=0.9)
    network = lm.MLP([64, 30, 30, 10], normalization=torch.nn.BatchNorm1d)
    model = lm.Classifier(network, sgd)
    averaging = EMAWeightAveraging(decay=0.98, use_buffers=use_buffers)
    trainer = lm.quiet_trainer(max_steps=160, callbacks=[averaging])
    trainer.fit(model, data)
    name = "averaged" if use_buffers else "of the last weights"
    loss[name] = lm.quiet_trainer().validate(model, data)[0]["val/loss"]
update_bn(data.train_dataloader(), network)
loss["measured anew"] = lm.quiet_trainer().validate(model, data)[0]["val/loss"]
for name, value in loss.items():
    print(f"statistics {name}: validation loss {value:.2f}")

assert loss["averaged"] < loss["of the last weights"]
assert loss["measured anew"] < loss["of the last weights"]
