"""What does it cost to stop when the loss on new images is lowest?

Accuracy on 2,000 new images over 30 epochs on 1,000 images, three seeds, with
right labels (left) and with a fifth of them wrong (right). The dots mark the
epoch with the lowest loss on new images, where early stopping goes back to. With
right labels that is too early for the accuracy. With wrong ones it is about the
right time: later the labels are learned by heart.
"""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch

import lightning_modules as lm


def train(noise, seed):
    """Return loss and accuracy on new images, epoch by epoch."""
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    history = lm.History()
    trainer = lm.quiet_trainer(
        max_epochs=30, limit_val_batches=4, callbacks=[history]
    )
    data = lm.FashionMNIST(batch_size=50, train_size=1_000, label_noise=noise)
    trainer.fit(lm.Classifier(network, optimizer=sgd), data)
    return np.array(history["val/loss"]), np.array(history["val/accuracy"])


sgd = partial(torch.optim.SGD, lr=0.01, momentum=0.9, fused=True)
stopped, final, epoch = {}, {}, {}
figure, axes = plt.subplots(1, 2, figsize=(6.4, 3.0), sharey=True)
for axis, noise in zip(axes, (0.0, 0.2), strict=True):
    there, end, when = [], [], []
    for seed in range(3):
        loss, accuracy = train(noise, seed)
        best = int(loss.argmin())
        there.append(accuracy[best])
        end.append(accuracy[-1])
        when.append(best + 1)
        (line,) = axis.plot(range(1, 31), accuracy, linewidth=1.0)
        axis.plot(best + 1, accuracy[best], "o", color=line.get_color())
    stopped[noise], final[noise] = float(np.mean(there)), float(np.mean(end))
    epoch[noise] = float(np.mean(when))
    print(
        f"{noise:.0%} of the labels wrong: loss lowest in epochs {sorted(when)}"
    )
    print(f"  accuracy there {stopped[noise]:.1%}, at the end {final[noise]:.1%}")
    axis.set_title(f"{noise:.0%} of the labels wrong")
    axis.set_xlabel("epoch")
axes[0].set_ylabel("accuracy on new images")
plt.show()

assert stopped[0.0] < final[0.0] and stopped[0.2] > final[0.2]
assert max(epoch.values()) < 20
