"""How much of a run has to be spent on coming down?

Validation loss at the end of 300 steps, the mean of three runs. The last part of
them is made at a rate that falls to 0 in a straight line: left no step, right
all. A tenth of the run gives much of what a decay can give here.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data, steps = lm.FashionMNIST(), 300
images, labels = data.train
unseen, answers = (part[:2_000] for part in data.validation)


def loss_after(decay, seed):
    """Train; whatever the decay, a seed has the same start and batches."""
    torch.manual_seed(seed)
    network = lm.MLP([784, 30, 10])
    sgd = torch.optim.SGD(network.parameters(), lr=0.03, momentum=0.9)
    schedule = None
    if decay:
        schedule = lm.WarmupStableDecay(
            sgd, warmup=0, decay=decay, total_steps=steps
        )
    for chosen in torch.randint(len(images), (steps, 64)):
        sgd.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        sgd.step()
        if schedule:
            schedule.step()
    with torch.no_grad():
        return cross_entropy(network(unseen), answers).item()


shares = [0, 0.1, 0.2, 0.4, 1.0]
loss = {
    share: sum(loss_after(share, seed) for seed in range(3)) / 3
    for share in shares
}
for share, mean in loss.items():
    print(f"{share:4.0%} of the run: loss {mean:.2f}")
part = (loss[0] - loss[0.1]) / (loss[0] - min(loss.values()))
print(f"a tenth gives {part:.0%} of the most that any length gives")

plt.plot(shares, loss.values(), "o-")
plt.xlabel("part of the run in which the rate falls")
plt.ylabel("validation loss")
plt.show()

assert max(loss[0.1], loss[0.2], loss[0.4], loss[1.0]) < loss[0]
assert part > 1 / 3
