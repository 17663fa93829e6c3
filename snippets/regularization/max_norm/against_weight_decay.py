"""Does max-norm do what weight decay does?

How long the weights of the first layer's units are after training on 1,000
images, as a histogram: without either (gray), with weight decay (orange), with
max-norm (blue; the dashed line is the radius). Weight decay shortens every
unit. Max-norm leaves the short ones as they are and gathers the long ones
on the ball.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def train(callbacks):
    """Return the lengths in the first layer, and accuracy and loss."""
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    trainer = lm.quiet_trainer(
        max_epochs=40, callbacks=callbacks, check_val_every_n_epoch=40
    )
    model = lm.Classifier(
        network, lambda p: torch.optim.SGD(p, lr=0.05, fused=True)
    )
    trainer.fit(model, data)
    logged = trainer.callback_metrics
    lengths = network[1].weight.detach().norm(dim=1)
    return lengths, logged["val/accuracy"].item(), logged["val/loss"].item()


data = lm.FashionMNIST(batch_size=50, train_size=1_000)
shortest, longest, loss = {}, {}, {}
for name, callbacks, color in (
    ("neither", [], "C7"),
    ("weight decay", [lm.L2Penalty(0.01)], "C1"),
    ("max-norm", [lm.MaxNorm(1.45)], "C0"),
):
    lengths, accuracy, loss[name] = train(callbacks)
    shortest[name], longest[name] = lengths.min().item(), lengths.max().item()
    print(f"{name}: units of length {shortest[name]:.2f} to {longest[name]:.2f}")
    print(f"  on new images: accuracy {accuracy:.1%}, loss {loss[name]:.2f}")
    plt.hist(lengths, np.arange(0.8, 2.0, 0.02), color=color, alpha=0.6)
plt.axvline(1.45, color="black", linestyle="--", linewidth=0.8)
plt.text(1.02, 18, "weight decay", color="C1", ha="center")
plt.text(1.42, 35, "max-norm", color="C0", ha="right")
plt.text(1.55, 12, "neither", color="C7")
plt.xlabel("length of a unit's weights")
plt.ylabel("units")
plt.show()

assert longest["weight decay"] < shortest["neither"]
assert abs(shortest["max-norm"] - shortest["neither"]) < 0.05
assert longest["max-norm"] <= 1.45 + 1e-5
