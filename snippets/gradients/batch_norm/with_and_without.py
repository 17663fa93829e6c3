"""Which learning rates suit twenty layers, with and without batch norm?

Left, validation accuracy after 100 steps of plain SGD against the learning
rate, one run each. Right, training at a rate that suits: 0.1 with batch norm,
0.01 for the others; the mean of three other runs, and from the worst to the
best. On the left the curve of batch norm lies further to the right: it learns
least at the lowest rate, and still learns at the highest, where the others fail.
On the right it is ahead after 50 steps, and with the others after 300.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

data = lm.FashionMNIST()
images, labels = data.train
unseen, answers = (tensor[:2_000] for tensor in data.validation)


def accuracies(normalization, rate, seed, steps):
    torch.manual_seed(seed)
    network = lm.MLP([784] + [100] * 20 + [10], normalization=normalization)
    lm.initialize(network)  # He
    sgd = torch.optim.SGD(network.parameters(), lr=rate, fused=True)
    found = []
    for step in range(1, steps + 1):
        chosen = torch.randint(len(images), (64,))
        sgd.zero_grad()
        scores = network(images[chosen])
        nn.functional.cross_entropy(scores, labels[chosen]).backward()
        sgd.step()
        if step % 50 == 0:
            network.eval()
            with torch.no_grad():
                right = network(unseen).argmax(dim=1) == answers
            network.train()
            found.append(right.float().mean().item())
    return torch.tensor(found)


rates, at = [0.003, 0.01, 0.03, 0.1, 0.3], [50, 100, 150, 200, 250, 300]
suits = {"none": 0.01, "batch norm": 0.1, "layer norm": 0.01}
by_rate, early, late = {}, {}, {}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
for kind, normalization in {
    "none": None,
    "batch norm": nn.BatchNorm1d,
    "layer norm": nn.LayerNorm,
}.items():
    found = [accuracies(normalization, rate, 42, 100)[-1] for rate in rates]
    by_rate[kind] = torch.stack(found).tolist()
    left.semilogx(rates, by_rate[kind], marker="o", markersize=3)

    runs = [accuracies(normalization, suits[kind], s, 300) for s in range(3)]
    runs = torch.stack(runs)
    right.plot(at, runs.mean(dim=0), label=kind)
    right.fill_between(at, runs.amin(dim=0), runs.amax(dim=0), alpha=0.15)
    early[kind], late[kind] = runs.mean(dim=0)[[0, -1]].tolist()
    print(
        f"{kind}, rate {suits[kind]:g}: "
        f"{early[kind]:.0%} after 50 steps, {late[kind]:.0%} after 300"
    )
left.axhline(0.1, color="black", linestyle="--", linewidth=0.8, zorder=0)
left.text(0.03, 0.11, "guessing", va="bottom", ha="center")
left.set_xlabel("learning rate")
left.set_ylabel("validation accuracy")
right.legend(loc="lower right")
right.set_xlabel("training step")
plt.show()

low, high = ({kind: by_rate[kind][end] for kind in by_rate} for end in (0, -1))
assert low["batch norm"] < min(low["none"], low["layer norm"]) - 0.1
assert high["batch norm"] > max(high["none"], high["layer norm"]) + 0.1
for kind, rate in suits.items():
    chosen = by_rate[kind][rates.index(rate)]
    assert chosen > max(by_rate[kind]) - 0.15, "no other is far better"
assert early["batch norm"] > early["none"] + 0.03
assert late["batch norm"] - late["none"] < early["batch norm"] - early["none"]
