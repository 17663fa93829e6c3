"""An average of weights under batch norm: whose statistics does it need?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from torch.optim.swa_utils import update_bn

import lightning_modules as lm

data = lm.Digits(train_size=640)
kinds = ("averaged", "of the last weights", "measured anew")
losses = {kind: [] for kind in kinds}


def measure(kind, model):
    found = lm.quiet_trainer().validate(model, data)[0]["val/loss"]
    losses[kind].append(found)


for seed in range(4):
    for kind in kinds[:2]:
        torch.manual_seed(seed)
        sgd = partial(torch.optim.SGD, lr=0.6, momentum=0.9)
        network = lm.MLP([64, 30, 10], normalization=torch.nn.BatchNorm1d)
        model = lm.Classifier(network, sgd)
        averaging = EMAWeightAveraging(decay=0.98, use_buffers=kind == "averaged")
        trainer = lm.quiet_trainer(max_steps=120, callbacks=[averaging])
        trainer.fit(model, data)
        measure(kind, model)
    update_bn(data.train_dataloader(), network)
    measure("measured anew", model)

loss = {kind: sum(found) / 4 for kind, found in losses.items()}
for kind, mean in loss.items():
    print(f"statistics {kind}: validation loss {mean:.2f}, mean of four runs")

assert loss["averaged"] < loss["of the last weights"]
assert loss["measured anew"] < loss["of the last weights"]
