"""Does max-norm act, and where?

How long the weights of each unit are while a network trains: for each layer the
median unit (line) and the range that holds all but the longest and shortest
tenth (band). All start near √2, where He's initialization puts them (the last
layer, Glorot's, a little below). Without a constraint (orange) the first and the
last layer's grow. With a radius of 1.5 (blue; dashed) the longest are held
there. A radius of 3 is far above all.
"""

import matplotlib.pyplot as plt
import pytorch_lightning as pl
import torch
from torch import nn

import lightning_modules as lm


class Lengths(pl.Callback):
    """Keeps the lengths of all units of each layer, every 25 steps."""

    def __init__(self):
        self.seen = {}

    def on_train_batch_end(self, trainer, model, outputs, batch, batch_idx):
        if trainer.global_step % 25 == 1:
            for name, layer in model.network.named_children():
                if isinstance(layer, nn.Linear):
                    lengths = layer.weight.detach().norm(dim=1)
                    self.seen.setdefault(name, []).append(lengths)


def train(constraint):
    """Train for two epochs of 20,000 images; return the lengths."""
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    lengths = Lengths()
    callbacks = [lengths] if constraint is None else [constraint, lengths]
    trainer = lm.quiet_trainer(max_epochs=2, callbacks=callbacks)
    model = lm.Classifier(
        network, lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9)
    )
    trainer.fit(model, data)
    return {name: torch.stack(seen) for name, seen in lengths.seen.items()}


data = lm.FashionMNIST(batch_size=64, train_size=20_000)
ball, far = lm.MaxNorm(radius=1.5), lm.MaxNorm(radius=3.0)
free, held = train(None), train(ball)
train(far)
on_ball = {
    f"layer {i}": share for i, share in enumerate(ball.on_ball.values(), 1)
}
never = max(far.on_ball.values())
start = {
    f"layer {i}": seen[0].median().item()
    for i, seen in enumerate(free.values(), 1)
}
print("units on the ball of 1.5, last epoch")
for name, share in on_ball.items():
    print(f"  {name}: {share:.0%}; they started at {start[name]:.2f}")
print(f"units on the ball of 3: {never:.0%}")

figure, axes = plt.subplots(1, 4, figsize=(7.4, 2.8), sharey=True)
for i, (axis, name) in enumerate(zip(axes, free, strict=True), 1):
    for lengths, color in ((free[name], "C1"), (held[name], "C0")):
        steps = 25 * torch.arange(len(lengths))
        low, median, high = lengths.quantile(torch.tensor([0.1, 0.5, 0.9]), dim=1)
        axis.plot(steps, median, color=color)
        axis.fill_between(steps, low, high, color=color, alpha=0.25)
    axis.axhline(1.5, color="black", linestyle="--", linewidth=0.8)
    axis.set_title(f"layer {i}")
    axis.set_xlabel("training step")
axes[0].set_ylabel("length of a unit's weights")
axes[0].text(330, 1.63, "free", color="C1")
axes[0].text(330, 1.44, "held", color="C0")
plt.show()

assert held["1"][-1].max() <= 1.5 + 1e-5
assert max(on_ball.values()) > 0.3 and never < 0.02
assert all(abs(length - 2**0.5) < 0.15 for length in start.values())
