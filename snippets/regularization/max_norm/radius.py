"""Which radius does anything, and does it make a high rate bearable?

For four radii, the fraction of all units that are on the ball in the last epoch
(top) and the accuracy on new images (bottom), at a rate that suits the network
(blue) and at one five times higher (orange); points are three seeds, lines
their means, dashed lines training without a constraint. At the suitable rate a
ball of 2 is never reached, and those that act gain next to nothing, or cost
accuracy; at the high rate one of 1 makes up for most of what the rate costs.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def train(radius, rate, seed):
    """Return the fraction on the ball and the validation accuracy."""
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    ball = lm.MaxNorm(radius)
    trainer = lm.quiet_trainer(
        max_epochs=4, callbacks=[ball], check_val_every_n_epoch=4
    )
    model = lm.Classifier(
        network,
        lambda p: torch.optim.SGD(p, lr=rate, momentum=0.9, fused=True),
        lambda o: torch.optim.lr_scheduler.LinearLR(o, 1.0, 0.01, 4 * 32),
        interval="step",
    )
    trainer.fit(model, data)
    logged = trainer.callback_metrics
    return logged["max_norm/on_ball"].item(), logged["val/accuracy"].item()


data = lm.FashionMNIST(batch_size=64, train_size=2_000)
radii = (0.5, 1.0, 1.5, 2.0)
seeds = range(3)
on_ball, accuracy, without = {}, {}, {}
figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.2, 4.4), sharex=True)
for rate, color in ((0.02, "C0"), (0.1, "C1")):
    runs = [[train(radius, rate, seed) for seed in seeds] for radius in radii]
    shares, right = np.moveaxis(np.array(runs), 2, 0)
    free = [train(1e9, rate, seed)[1] for seed in seeds]
    without[rate] = float(np.mean(free))
    on_ball[rate] = dict(zip(radii, shares.mean(axis=1).tolist(), strict=True))
    accuracy[rate] = dict(zip(radii, right.mean(axis=1).tolist(), strict=True))
    print(f"rate {rate}, without: accuracy {without[rate]:.1%}")
    for radius in radii:
        share, mean = on_ball[rate][radius], accuracy[rate][radius]
        print(f"  radius {radius}: {share:.0%} on the ball, accuracy {mean:.1%}")
    for axis, values in ((top, shares), (bottom, right)):
        axis.plot(radii, values.mean(axis=1), color=color)
        axis.plot(radii, values, ".", color=color, markersize=4)
    bottom.axhline(without[rate], color=color, linestyle="--", linewidth=0.8)
top.text(1.55, 0.75, "rate 0.1", color="C1")
top.text(1.1, 0.3, "rate 0.02", color="C0", ha="right")
top.set_ylabel("fraction on the ball")
bottom.set_ylabel("accuracy")
bottom.set_xlabel("radius")
plt.show()

assert on_ball[0.02][2.0] < 0.01 < on_ball[0.1][2.0]
assert accuracy[0.1][1.0] > without[0.1]
assert on_ball[0.02][1.0] > 0.8
