"""One checkpoint of the middle: brought to its end, and trained on. What of each?

Above, the rate that each step used; below, the training loss, each point the
mean of ten steps. A run of 240 steps (blue) comes down in its last 80 and is
done; the loss falls as the rate does. The checkpoint of step 160, from before,
is trained on (orange) at the full rate, and comes down at the end of 400 steps.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytorch_lightning as pl
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=64, train_size=12_800)
schedule = partial(lm.WarmupStableDecay, warmup=20, decay=80)
sgd = partial(torch.optim.SGD, lr=0.03, momentum=0.9)


class Save(pl.Callback):
    """Saves a checkpoint of step 160."""

    def on_train_batch_end(self, trainer, *_):
        if trainer.global_step == 160:
            trainer.save_checkpoint("middle.ckpt")


def train(steps, *callbacks, checkpoint=None):
    """Return the rates used, the losses and the accuracy at the end."""
    torch.manual_seed(42)
    network = lm.MLP([784, 50, 10])
    model = lm.Classifier(network, sgd, schedule, interval="step")
    rates, history = lm.RateHistory(), lm.History(every_step=True)
    trainer = lm.quiet_trainer(
        max_steps=steps,
        max_epochs=-1,
        callbacks=[rates, history, *callbacks],
        limit_val_batches=0,
    )
    trainer.fit(model, data, ckpt_path=checkpoint)
    found = lm.quiet_trainer().validate(model, data)[0]["val/accuracy"]
    return rates.rate(), history["train/loss_step"], found


rates, losses, accuracy = {}, {}, {}
for name, steps, callbacks, checkpoint in (
    ("brought to its end", 240, [Save()], None),
    ("trained on", 400, [], "middle.ckpt"),
):
    rates[name], losses[name], accuracy[name] = train(
        steps, *callbacks, checkpoint=checkpoint
    )
    at = " ".join(f"{rates[name][step]:.3f}" for step in (159, 200, 239))
    print(f"{name:18}: rates {at}, accuracy {accuracy[name]:.0%}")

figure, (above, below) = plt.subplots(2, 1, figsize=(5.6, 4.2), sharex=True)
for name, color in (("trained on", "C1"), ("brought to its end", "C0")):
    above.plot(rates[name], color=color)
    means = np.reshape(losses[name], (-1, 10)).mean(axis=1)
    below.plot(np.arange(5, len(losses[name]), 10), means, color=color)
above.text(95, 0.012, "brought to its end", color="C0")
above.text(250, 0.025, "trained on", color="C1")
above.set(ylabel="rate used", ylim=(0, 0.033))
below.set(ylabel="training loss", ylim=(0.2, 1.2), xlabel="training step")
plt.show()

end, on = rates["brought to its end"], rates["trained on"]
assert end[:161] == on[:161], "the same run up to there"
assert set(on[160:320]) == {0.03} and end[-1] < 0.001 and on[-1] < 0.001
last = {name: np.mean(loss[200:240]) for name, loss in losses.items()}
assert last["brought to its end"] < last["trained on"]
