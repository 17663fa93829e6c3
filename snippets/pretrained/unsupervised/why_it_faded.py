"""What else gets a network to begin at once?

Training loss from scratch, on the same 1,000 labels (each point is the mean of
eight steps; the dashed line is where guessing is). Five sigmoid layers (orange)
stand still for a while. With ReLUs and He's initialization, five layers (blue)
and two (green) begin at once, and nothing was pretrained.
"""

import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

import lightning_modules as lm

data = lm.FashionMNIST(train_size=1_000, batch_size=32)
networks = {
    "five sigmoid layers": ([100] * 5, nn.Sigmoid, "C1", 170, 1.75),
    "five ReLU layers": ([100] * 5, nn.ReLU, "C0", 110, 0.75),
    "two ReLU layers": ([300, 100], nn.ReLU, "C2", 10, 0.22),
}
early, accuracy = {}, {}
for name, (layers, activation, color, *spot) in networks.items():
    torch.manual_seed(42)
    network = lm.MLP([784, *layers, 10], activation)
    lm.initialize(network)  # Glorot for the sigmoid, He for the ReLU
    history = lm.History(every_step=True)
    adam = partial(torch.optim.Adam, lr=1e-3, fused=True)
    lm.quiet_trainer(
        max_epochs=10, callbacks=[history], check_val_every_n_epoch=10
    ).fit(lm.Classifier(network, adam), data)
    losses = np.reshape(history["train/loss_step"], (-1, 8)).mean(axis=1)
    early[name] = float(losses[6])  # steps 49 to 56
    accuracy[name] = history["val/accuracy"][-1]
    print(
        f"{name}: loss {early[name]:.1f} after 50 steps, validation accuracy "
        f"{accuracy[name]:.0%} after 320"
    )
    plt.plot(np.arange(4, 320, 8), losses, color=color)
    plt.text(*spot, name, color=color)

plt.axhline(math.log(10), color="black", linestyle="--", linewidth=0.8)
plt.xlabel("training step")
plt.ylabel("cross entropy")
plt.ylim(0, 2.6)
plt.show()

assert early["five sigmoid layers"] > 2
assert max(early["five ReLU layers"], early["two ReLU layers"]) < 1.3
