"""What is left of an image when the batch that normalizes it holds only two?

Left, what batch norm makes of 128 random numbers, in batches of each size: in a
batch of two, one output is 1 and the other -1, unless the two numbers were all
but equal. Right, validation accuracy after 2,000 training images in
batches of each size, at the better of two rates: batch norm falls far behind at
two; layer norm, which looks at one image at a time, does not notice.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

sizes = [2, 4, 16]
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
torch.manual_seed(42)
for size in sizes:
    norm = nn.BatchNorm1d(1)
    with torch.no_grad():
        batches = torch.randn(128, 1).split(size)
        outputs = torch.cat([norm(batch) for batch in batches])
    left.plot(outputs, [str(size)] * len(outputs), "|", color="C1", alpha=0.6)
    if size == 2:
        typical = outputs.abs().median().item()
left.set_xlabel("output of batch norm")
left.set_ylabel("batch size")
left.margins(y=0.3)

data = lm.FashionMNIST()
images, labels = data.train
unseen, answers = (tensor[:2_000] for tensor in data.validation)


def accuracy_of(normalization, size, rate):
    torch.manual_seed(42)
    network = lm.MLP([784, 100, 100, 10], normalization=normalization)
    lm.initialize(network)
    sgd = torch.optim.SGD(network.parameters(), lr=rate, fused=True)
    for _ in range(2_000 // size):
        chosen = torch.randint(len(images), (size,))
        sgd.zero_grad()
        scores = network(images[chosen])
        nn.functional.cross_entropy(scores, labels[chosen]).backward()
        sgd.step()
    network.eval()
    with torch.no_grad():
        hits = network(unseen).argmax(dim=1) == answers
    return hits.float().mean().item()


of_two = {}
for name, normalization, color in (
    ("layer norm", nn.LayerNorm, "C2"),
    ("batch norm", nn.BatchNorm1d, "C1"),
):
    curve = [
        max(accuracy_of(normalization, size, rate) for rate in (0.003, 0.03))
        for size in sizes
    ]
    right.plot(
        [str(size) for size in sizes], curve, marker="o", color=color, label=name
    )
    of_two[name] = curve[0]
    print(f"batches of two, {name}: {curve[0]:.0%}")
right.legend(loc="lower right")
right.set_xlabel("batch size")
right.set_ylabel("validation accuracy")
plt.show()

try:
    nn.BatchNorm1d(100)(torch.randn(1, 100))
except ValueError as error:
    print(f"a batch of one: {error}")

assert typical > 0.999
assert of_two["batch norm"] < of_two["layer norm"] - 0.1
