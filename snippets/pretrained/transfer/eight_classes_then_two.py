"""Ten labeled images: what decides, the layers that are reused or luck?

Test accuracy on pullover against T-shirt for five draws of ten images; a line
joins the results of one draw, a bar is the mean. From scratch, everything is
learned from the ten images. The other two begin with three layers that have
learned the eight other classes: frozen, only a new head is trained; fine-tuned,
everything is, at a lower rate. The draws differ by more than the ways do.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

torch.manual_seed(42)
data = lm.FashionMNIST()


def only(split, classes):
    """The images of some classes, which are numbered from 0."""
    chosen = torch.isin(split.labels, torch.tensor(classes))
    labels = torch.searchsorted(torch.tensor(classes), split.labels[chosen])
    return split.images[chosen], labels


def train(network, images, labels, rate, batches):
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, rate, fused=True)
    for chosen in batches:
        optimizer.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        optimizer.step()


def network_for(classes):
    network = lm.MLP([784, 100, 100, 100, classes])
    lm.initialize(network)
    return network


images, labels = only(data.train, [1, 3, 4, 5, 6, 7, 8, 9])
eight_classes = network_for(8)
train(eight_classes, images, labels, 1e-3, torch.randperm(44_000).split(100))

images, labels = only(data.train, [0, 2])  # 0: T-shirt, 1: pullover
test_images, test_labels = only(data.test, [0, 2])
accuracy = {"scratch": [], "frozen": [], "fine-tuned": []}
for _ in range(5):
    five_of_each = [
        (labels == label).nonzero()[:, 0][torch.randperm(5_000)[:5]]
        for label in (0, 1)
    ]
    for way, rate in (("scratch", 1e-3), ("frozen", 1e-2), ("fine-tuned", 3e-4)):
        network = network_for(2)
        if way != "scratch":
            lm.reuse(network, eight_classes, new=["7"])
        if way == "frozen":
            network[:-1].requires_grad_(False)
        train(network, images, labels, rate, [torch.cat(five_of_each)] * 200)
        with torch.no_grad():
            right = network(test_images).argmax(dim=1) == test_labels
        accuracy[way].append(right.float().mean().item())

mean, low, high = {}, {}, {}
for way, values in accuracy.items():
    mean[way], low[way], high[way] = sum(values) / 5, min(values), max(values)
    print(f"{way:10}  {mean[way]:.1%}, from {low[way]:.1%} to {high[way]:.1%}")
luck = max(high[way] - low[way] for way in mean)
gain = max(mean["frozen"], mean["fine-tuned"]) - mean["scratch"]
print(
    f"best reuse above scratch: {gain:+.1%}; between two draws: up to {luck:.1%}"
)

for draw in zip(*accuracy.values(), strict=True):
    plt.plot(list(accuracy), draw, "o-", color="C7")
plt.plot(list(mean), list(mean.values()), "k_", markersize=40, mew=2)
plt.xlim(-0.3, 2.3)
plt.ylabel("test accuracy")
plt.show()

assert abs(gain) < luck
