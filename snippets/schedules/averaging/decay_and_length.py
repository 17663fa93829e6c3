"""How long does an exponential average remember, and how long is your run?

The weight that each step of a run has in its average, when the run is over. A
mean of the last quarter (black) takes 100 of 400 steps evenly. A decay of 0.9
(blue) remembers some ten steps, 0.99 (orange) about a hundred. At 0.999 (green)
all steps weigh nearly the same, and together little: what is missing is the
weight of the first step, which is left out here, as it is far above the others.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch
from pytorch_lightning.callbacks import EMAWeightAveraging

import lightning_modules as lm

data, steps = lm.Digits(), 400
accuracy, first = {}, {}
for decay in (0.9, 0.99, 0.999, 0.9999):
    torch.manual_seed(42)
    sgd = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    model = lm.Classifier(lm.MLP([64, 30, 10]), sgd)
    averaging = EMAWeightAveraging(decay=decay)
    trainer = lm.quiet_trainer(max_steps=steps, callbacks=[averaging])
    trainer.fit(model, data)
    accuracy[decay] = lm.quiet_trainer().validate(model, data)[0]["val/accuracy"]
    first[decay] = decay ** (steps - 1)  # of the weights after the first step
    print(
        f"decay {decay:<6}: {first[decay]:4.0%} from the first step, "
        f"validation accuracy {accuracy[decay]:.0%}"
    )

when = torch.arange(2, steps + 1)
for decay, color in ((0.9, "C0"), (0.99, "C1"), (0.999, "C2")):
    weight = (1 - decay) * decay ** (steps - when)
    plt.plot(when, weight, color=color, label=f"decay {decay}")
tail = torch.where(when > steps - 100, 0.01, 0.0)
plt.plot(when, tail, color="black", label="last quarter")
plt.ylim(0, 0.02)
plt.xlabel("training step")
plt.ylabel("weight in the average")
plt.legend(loc="upper left")
plt.show()

assert accuracy[0.9] > 0.8 and accuracy[0.99] > 0.8
assert accuracy[0.9999] < 0.5, "mostly the weights after one step"
