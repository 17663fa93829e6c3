"""Validate every second epoch, or twice in each: what is counted?"""

import warnings
from functools import partial

import torch

import lightning_modules as lm


class Falling(lm.Classifier):
    """Its validation loss falls at each measurement: nothing to lower."""

    made = 0

    def on_validation_epoch_end(self):
        if not self.trainer.sanity_checking:
            self.made += 1
            self.log("falling", 1.0 / self.made)


class ByLightning(Falling):
    """Returns what Lightning's documentation shows."""

    def configure_optimizers(self):
        sgd = torch.optim.SGD(self.parameters(), lr=0.1)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            sgd, factor=0.5, patience=0
        )
        # Strict, it stops at the first epoch that measures nothing.
        schedule = {"scheduler": plateau, "monitor": "falling", "strict": False}
        return {"optimizer": sgd, "lr_scheduler": schedule}


warnings.filterwarnings("ignore", "ReduceLROnPlateau conditioned on")
sgd = partial(torch.optim.SGD, lr=0.1)
ours = partial(lm.Plateau, monitor="falling", factor=0.5, patience=0)
last = {}
for name, settings in {
    "every second epoch": {"check_val_every_n_epoch": 2},
    "twice in each": {"val_check_interval": 0.5},
}.items():
    for way, make in {
        "Lightning": ByLightning,
        "scheduled": partial(Falling, optimizer=sgd, lr_scheduler=ours),
    }.items():
        rates, model = lm.RateHistory(), make(lm.MLP([64, 10]))
        trainer = lm.quiet_trainer(max_epochs=8, callbacks=[rates], **settings)
        trainer.fit(model, lm.Digits(train_size=128))
        counted = trainer.lr_scheduler_configs[0].scheduler.last_epoch
        last[f"{name}, {way}"] = rates.rate()[-1]
        print(
            f"{name}, {way}: {model.made} made, {counted} counted, "
            f"last rate {rates.rate()[-1]:.4f}"
        )

assert last["every second epoch, Lightning"] < 0.02
assert last["every second epoch, scheduled"] == 0.1
