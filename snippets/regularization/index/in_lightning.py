"""Which weights are left when early stopping has stopped?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

import lightning_modules as lm

torch.manual_seed(42)
network = lm.MLP([64, 100, 100, 10])
lm.initialize(network)
data = lm.Digits(train_size=300, label_noise=0.2)
model = lm.Classifier(network, partial(torch.optim.SGD, lr=0.05, momentum=0.9))
stop = EarlyStopping(monitor="val/loss", patience=5)
keep = ModelCheckpoint(dirpath="best", monitor="val/loss")
trainer = lm.quiet_trainer(
    max_epochs=100, callbacks=[stop, keep], enable_checkpointing=True
)
trainer.fit(model, data)

epochs = trainer.current_epoch
final = trainer.validate(model, data)[0]["val/loss"]
model.load_state_dict(torch.load(keep.best_model_path)["state_dict"])
best = trainer.validate(model, data)[0]["val/loss"]
print(f"stopped after {epochs} epochs, patience {stop.patience}")
print(f"validation loss of the weights in the model: {final:.2f}")
print(f"of those in the checkpoint: {best:.2f}")

assert epochs < 60 and best < final
