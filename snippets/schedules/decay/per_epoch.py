"""The same decay, counted in steps and in epochs: what is the difference?

The rate that each of 200 steps used, in five epochs of digits. Counted in steps
(blue) it falls at each; counted in epochs (orange) it stands still and falls
five times. Both are a tenth after half of the run.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

used, accuracy = {}, {}
for interval in ("step", "epoch"):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    network = lm.MLP([64, 100, 100, 10])
    model = lm.Classifier(network, sgd, lm.ExponentialDecay, interval)
    rates = lm.RateHistory()
    trainer = lm.quiet_trainer(max_epochs=5, callbacks=[rates])
    trainer.fit(model, lm.Digits())
    accuracy[interval] = trainer.validate(model, lm.Digits())[0]["val/accuracy"]
    used[interval] = rates.rate()
    every_40 = " ".join(f"{rate:.4f}" for rate in used[interval][::40])
    print(f"per {interval:5} {every_40}, accuracy {accuracy[interval]:.0%}")

factor = used["epoch"][39] / used["step"][39]
print(f"at an epoch's last step: {factor:.1f} times the rate")

plt.semilogy(used["step"])
plt.step(range(200), used["epoch"], where="post")
plt.text(48, 0.03, "per step", color="C0", ha="right")
plt.text(62, 0.045, "per epoch", color="C1")
plt.xlabel("training step")
plt.ylabel("rate used")
plt.show()

assert used["step"][::40] == used["epoch"][::40], "the same where epochs begin"
assert len(set(used["epoch"])) == 5
assert len(set(used["step"])) == 200
