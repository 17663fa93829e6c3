"""When is the average updated, for which settings? And when never?"""

from functools import partial

import torch
from pytorch_lightning.callbacks import EMAWeightAveraging

import lightning_modules as lm


class Counted(EMAWeightAveraging):
    """Counts the updates."""

    updates = 0

    def should_update(self, *args, **kwargs):
        update = super().should_update(*args, **kwargs)
        self.updates += update
        return update


data = lm.Digits(train_size=640)  # 20 steps an epoch, 80 in all
updates, is_initial = {}, {}
for settings in (
    {},
    {"update_starting_at_step": 40},
    {"update_starting_at_step": 100},
    {"update_starting_at_epoch": 2},
    {"update_every_n_steps": 100},
):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
    before = [weight.clone() for weight in model.parameters()]
    callback = Counted(decay=0.9, **settings)
    lm.quiet_trainer(max_epochs=4, callbacks=[callback]).fit(model, data)
    name = " ".join(f"{key}={value}" for key, value in settings.items())
    updates[name] = callback.updates
    is_initial[name] = all(map(torch.equal, before, model.parameters()))
    end = ", ends with the initial weights" if is_initial[name] else ""
    print(f"{name or 'as it comes'}: {updates[name]} updates{end}")

assert list(updates.values()) == [80, 40, 0, 82, 1]
assert [name for name, same in is_initial.items() if same] == [
    "update_starting_at_step=100"
]
