"""Does a 30-layer ReLU network learn, started by torch and started by He?

Training loss over one epoch of Fashion-MNIST: the same network, data and
optimizer. Started by torch's default it stays where guessing is (the dashed
line, ln 10); started by He's initialization it falls at once.
"""

import math
from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

data = lm.FashionMNIST(batch_size=128)
accuracy = {}
for name in ("torch's default", "He"):
    torch.manual_seed(42)
    network = lm.MLP([784] + [100] * 30 + [10])
    if name == "He":
        lm.initialize(network)  # sees the ReLUs and chooses He
    adam = partial(torch.optim.Adam, lr=1e-3, fused=True)
    history = lm.History(every_step=True)
    trainer = lm.quiet_trainer(max_epochs=1, callbacks=[history])
    trainer.fit(lm.Classifier(network, optimizer=adam), data)
    accuracy[name] = history["val/accuracy"][-1]
    print(f"{name}: validation accuracy {accuracy[name]:.1%}")
    losses = history["train/loss_step"]
    (line,) = plt.plot(losses, linewidth=1)
    plt.text(430, losses[-1] + 0.35, name, color=line.get_color(), ha="right")

plt.axhline(math.log(10), color="black", linestyle="--", linewidth=0.8, zorder=0)
plt.xlabel("training step")
plt.ylabel("cross entropy")
plt.ylim(0, 3.1)
plt.show()

assert accuracy["torch's default"] < 0.15
assert accuracy["He"] > 0.7
