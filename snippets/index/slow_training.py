"""How many steps of 32 images until 85% of new images are recognized?

Plain SGD and SGD with Nesterov momentum (0.9) at three learning rates each: the
mean over three seeds, the bars from the fastest to the slowest. A cross on the
upper edge has not arrived after 2,000 steps. At its best rate momentum needs
fewer steps than plain SGD at its own, and it forgives a rate that is three
times too high or too low.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data = lm.FashionMNIST()
images, labels = data.train
unseen, answers = (tensor[:2_000] for tensor in data.validation)


def steps_to_85(rate, momentum, seed, limit=2_000):
    torch.manual_seed(seed)
    network = lm.MLP([784, 100, 100, 10])
    lm.initialize(network)
    optimizer = torch.optim.SGD(
        network.parameters(), rate, momentum, nesterov=momentum > 0, fused=True
    )
    for step in range(1, limit + 1):
        chosen = torch.randint(len(images), (32,))
        optimizer.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        optimizer.step()
        if step % 50 == 0:
            with torch.no_grad():
                right = network(unseen).argmax(dim=1) == answers
            if right.float().mean() >= 0.85:
                return step
    return limit


best, worst = {}, {}
for name, momentum, rates, color in (
    ("SGD", 0.0, [0.03, 0.1, 0.3], "C0"),
    ("Nesterov", 0.9, [0.003, 0.01, 0.03], "C1"),
):
    means = []
    for rate in rates:
        steps = [steps_to_85(rate, momentum, seed) for seed in range(3)]
        means.append(sum(steps) / 3)
        seen = f"{means[-1]:,.0f} ({min(steps):,} to {max(steps):,})"
        arrived = min(steps) < 2_000
        print(f"{name} {rate}:", seen if arrived else "not within 2,000")
        bar = [[means[-1] - min(steps)], [max(steps) - means[-1]]]
        mark = "o" if arrived else "x"
        plt.errorbar(rate, means[-1], bar, fmt=mark, color=color, capsize=3)
    plt.semilogx(rates, means, color=color)
    plt.text(rates[1], min(means) - 300, name, color=color, ha="center")
    best[name], worst[name] = min(means), max(means)

plt.xlabel("learning rate")
plt.ylabel("steps to 85%")
plt.ylim(0, 2_100)
plt.show()

assert best["Nesterov"] < best["SGD"]
assert worst["Nesterov"] < worst["SGD"]
