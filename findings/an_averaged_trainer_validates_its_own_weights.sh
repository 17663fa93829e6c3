#!/usr/bin/env bash
# pytorch-lightning 2.6.6: after a fit with EMAWeightAveraging, `trainer.validate(other_model)` measures the average of the model that was
# trained, whatever model it is given, and reports that as the other one's.
#
# For each validation the callback swaps its averages with the weights of the module that is validated. It does so in
# `trainer.validate` as well, where the module may be another one of the same shape: a baseline, a fresh network, one from a checkpoint.
#
# Expected: validate measures the model that it is given, or refuses.
# Seen: a network of zeros has the trained one's loss by that Trainer, and its own by a new Trainer.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet "torch==2.13.0" "numpy==2.4.6" "pytorch-lightning==2.6.6" 2>&1 |
  grep -v -i "notice\|warning" || true
cd "$folder"
"$folder/env/bin/python" -W ignore - <<'PROGRAM'
import logging

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
print("torch", torch.__version__, "pytorch-lightning", pl.__version__)


class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
        inputs, targets = batch
        return nn.functional.mse_loss(self.layer(inputs), targets)

    def validation_step(self, batch: list[torch.Tensor]) -> None:
        self.log("loss", self.training_step(batch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def a_trainer(*callbacks: pl.Callback) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=10, callbacks=list(callbacks), logger=False, enable_checkpointing=False, accelerator="cpu",
        enable_progress_bar=False, enable_model_summary=False,
    )


inputs = torch.randn(64, 3, generator=torch.Generator().manual_seed(0))
data = DataLoader(TensorDataset(inputs, inputs.sum(dim=1, keepdim=True)), batch_size=8)
trainer = a_trainer(EMAWeightAveraging(decay=0.9))
trainer.fit(Line(), data)

zeros = Line()
nn.init.zeros_(zeros.layer.weight)
nn.init.zeros_(zeros.layer.bias)
found = {
    name: who.validate(zeros, data, verbose=False)[0]["loss"]
    for name, who in (("that Trainer", trainer), ("a new Trainer", a_trainer()))
}
for name, loss in found.items():
    print(f"a layer of zeros, by {name}: loss {loss:.3f}")
assert found["that Trainer"] < 0.1 < 1 < found["a new Trainer"]
print("as described")
PROGRAM
