"""What if the whole network is put into training mode, and not dropout alone?

Accuracy of a network with batch normalization and dropout, from 30 passes, when
the images come in batches of different sizes and content. With dropout
alone in training mode (blue) an answer does not depend on the other images of
the batch. After `model.train()` (orange) it does: small batches are bad, and so
are larger ones if they hold one class only (dashed).
"""

import copy

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=64, train_size=5_000, drop_last=True)
network = lm.MLP([784, 100, 100, 10], normalization=nn.BatchNorm1d)
lm.initialize(network)
lm.add_dropout(network, rate=0.2)
trainer = lm.quiet_trainer(max_epochs=4)
trainer.fit(lm.Classifier(network), data)
network.eval()
by_class = data.test.labels.argsort(stable=True)
mixed = torch.randperm(10_000)[:800]
sorted_ = by_class.view(10, 1_000)[:, :80].flatten()  # no batch has two classes


@torch.no_grad()
def right_way(images):
    return lm.mc_dropout(network, images, samples=30, seed=0).mean


@torch.no_grad()
def wrong_way(images):
    model = copy.deepcopy(network).train()  # its statistics would move
    return torch.stack([model(images).softmax(dim=1) for _ in range(30)]).mean(
        dim=0
    )


def accuracy(predict, order, batch_size):
    right = [
        (
            predict(data.test.images[part]).argmax(dim=1)
            == data.test.labels[part]
        ).sum()
        for part in order.split(batch_size)
    ]
    return (sum(right) / len(order)).item()


sizes = (2, 4, 8, 16, 40, 80)
results = {}
for name, predict, order, color, style in (
    ("dropout alone", right_way, mixed, "C0", "-"),
    ("dropout alone, one class a batch", right_way, sorted_, "C0", "--"),
    ("model.train()", wrong_way, mixed, "C1", "-"),
    ("model.train(), one class a batch", wrong_way, sorted_, "C1", "--"),
):
    found = {size: accuracy(predict, order, size) for size in sizes}
    results[name] = found
    print(f"{name}:")
    print(" ", ", ".join(f"{value:.0%} at {n}" for n, value in found.items()))
    plt.semilogx(list(found), list(found.values()), color=color, linestyle=style)
plt.xticks(sizes, sizes)
plt.minorticks_off()
plt.ylim(0, 1)
plt.text(2, 0.89, "dropout alone, both orders", color="C0")
plt.text(4.5, 0.62, "model.train(), mixed", color="C1")
plt.text(2, 0.34, "model.train(), one class a batch", color="C1")
plt.xlabel("images in a batch")
plt.ylabel("accuracy")
plt.show()

assert results["dropout alone"][2] > results["model.train()"][2] + 0.15
assert results["model.train(), one class a batch"][16] < 0.4
