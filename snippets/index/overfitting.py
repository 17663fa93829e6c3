"""What does a large network learn from 1,000 images, some labeled wrong?

Loss (top) and accuracy (bottom) over 100 epochs, on the training images and on
new ones. Training becomes perfect. On new images the loss turns after a few
epochs and climbs, and with right labels the accuracy does not care: the network
grows surer of its mistakes without making more of them. With a fifth of the
labels wrong, learning them by heart costs accuracy too.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

sgd = partial(torch.optim.SGD, lr=0.02, momentum=0.9, fused=True)
figure, axes = plt.subplots(2, 2, figsize=(6.2, 4.4), sharex=True, sharey="row")
best_loss, last_loss, best_accuracy, last_accuracy = {}, {}, {}, {}
for column, noise in enumerate((0.0, 0.2)):
    torch.manual_seed(42)
    data = lm.FashionMNIST(batch_size=100, train_size=1_000, label_noise=noise)
    network = lm.MLP([784, 100, 100, 100, 10])
    lm.initialize(network)
    history = lm.History()
    trainer = lm.quiet_trainer(
        max_epochs=100, callbacks=[history], check_val_every_n_epoch=2
    )
    trainer.fit(lm.Classifier(network, optimizer=sgd), data)

    loss, accuracy = history["val/loss"], history["val/accuracy"]
    best_loss[noise], last_loss[noise] = min(loss), loss[-1]
    best_accuracy[noise], last_accuracy[noise] = max(accuracy), accuracy[-1]
    print(f"{noise:.0%} of the labels wrong, new images:")
    print(f"  loss {min(loss):.2f} at best, {loss[-1]:.2f} at the end")
    print(
        f"  accuracy {max(accuracy):.1%} at best, {accuracy[-1]:.1%} at the end"
    )
    axes[0, column].set_title(f"{noise:.0%} of the labels wrong")
    axes[1, column].set_xlabel("epoch")
    for row, metric in enumerate(("loss", "accuracy")):
        axes[row, 0].set_ylabel(metric)
        axes[row, column].plot(range(1, 101), history[f"train/{metric}"])
        axes[row, column].plot(range(2, 101, 2), history[f"val/{metric}"])
axes[1, 0].text(99, 0.93, "training", color="C0", ha="right")
axes[1, 0].text(99, 0.74, "new images", color="C1", ha="right")
plt.show()

assert last_loss[0.0] > 1.3 * best_loss[0.0]
assert last_accuracy[0.0] > best_accuracy[0.0] - 0.02
assert last_loss[0.2] > 1.5 * best_loss[0.2]
assert last_accuracy[0.2] < best_accuracy[0.2] - 0.01
