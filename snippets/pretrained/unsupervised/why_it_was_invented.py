"""Five sigmoid layers, 1,000 labels: what does pretraining change?

Training loss of the same network on the same labels (each point is the mean of
eight steps; the dashed line is where guessing is, ln 10). With torch's default
initialization (green) it hardly learns, with Glorot's (orange) it begins late,
and pretrained on 5,000 images without labels (blue) at once.
"""

import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import lightning_modules as lm

layers = [100] * 5
unlabelled = lm.FashionMNIST(train_size=5_000, batch_size=64)
labelled = lm.FashionMNIST(train_size=1_000, batch_size=32)
ratio, early, accuracy = {}, {}, {}
for name, color in (("pretrained", "C0"), ("Glorot", "C1"), ("default", "C2")):
    torch.manual_seed(42)
    stack = lm.StackedAutoencoder.dense((1, 28, 28), layers, nn.Sigmoid)
    if name != "default":
        lm.initialize(stack)
    if name == "pretrained":  # an epoch for each layer, then four for the whole
        trainer = lm.quiet_trainer(max_epochs=9, limit_val_batches=0)
        trainer.fit(stack, unlabelled)

    network = nn.Sequential(stack.encoder, nn.Linear(100, 10))
    images, labels = next(iter(labelled.train_dataloader()))
    nn.functional.cross_entropy(network(images), labels).backward()
    first, last = (stack.encoder[k][0].weight.grad.norm() for k in (1, 4))
    ratio[name] = (first / last).item()

    history = lm.History(every_step=True)
    adam = partial(torch.optim.Adam, lr=1e-3, fused=True)
    lm.quiet_trainer(
        max_epochs=10, callbacks=[history], check_val_every_n_epoch=10
    ).fit(lm.Classifier(network, adam), labelled)
    losses = np.reshape(history["train/loss_step"], (-1, 8)).mean(axis=1)
    early[name] = float(losses[12])  # steps 97 to 104
    accuracy[name] = history["val/accuracy"][-1]
    print(f"{name}: layer 2's gradient is {ratio[name]:.3f} times layer 5's")
    print(
        f"   loss {early[name]:.1f} after 100 steps, validation accuracy "
        f"{accuracy[name]:.0%} after 320"
    )
    plt.plot(np.arange(4, 320, 8), losses, color=color)
    plt.text(325, losses[-1], name, color=color, va="center")

plt.axhline(math.log(10), color="black", linestyle="--", linewidth=0.8)
plt.xlabel("training step, with labels")
plt.ylabel("cross entropy")
plt.ylim(0, 2.6)
plt.show()

assert ratio["pretrained"] > 5 * ratio["Glorot"]
assert early["pretrained"] < min(early["Glorot"], early["default"]) - 0.15
assert accuracy["pretrained"] > max(accuracy["Glorot"], accuracy["default"])
