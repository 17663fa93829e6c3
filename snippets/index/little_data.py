"""How much does a hundred times more labels help?

Test accuracy of one network, trained for the same number of steps on 20 to
20,000 labeled images. The dot is the mean over five seeds, each with images of
its own; the bar reaches from the worst seed to the best.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

sizes = [20, 200, 2_000, 20_000]
mean = {}
for size in sizes:
    accuracies = []
    for seed in range(5):
        torch.manual_seed(seed)
        data = lm.FashionMNIST(train_size=size, seed=seed)
        images, labels = data.train
        network = lm.MLP([784, 100, 100, 10])
        lm.initialize(network)
        optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
        for _ in range(400):
            chosen = torch.randint(size, (50,))
            optimizer.zero_grad()
            cross_entropy(network(images[chosen]), labels[chosen]).backward()
            optimizer.step()
        with torch.no_grad():
            right = network(data.test.images).argmax(dim=1) == data.test.labels
        accuracies.append(right.float().mean().item())
    low, high, mean[size] = min(accuracies), max(accuracies), sum(accuracies) / 5
    print(f"{size:6,} labels: {mean[size]:.1%}, from {low:.1%} to {high:.1%}")
    bar = [[mean[size] - low], [high - mean[size]]]
    plt.errorbar(size, mean[size], bar, fmt="o", color="C0", capsize=4)

plt.xscale("log")
plt.xticks(sizes, [f"{size:,}" for size in sizes])
plt.xlabel("labelled images")
plt.ylabel("test accuracy")
plt.show()

assert mean[20] < mean[200] < mean[2_000] < mean[20_000]
