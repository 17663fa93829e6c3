"""How much of a run has to be spent on coming down?

Validation loss at the end of 300 steps, of which the last part is made at a rate
that falls to 0, in a straight line (blue) or steeply at first (orange). Left, no
step is; right, all are. A tenth of the run gives more than half of what a decay
can give here.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data, steps = lm.FashionMNIST(), 300
images, labels = data.train
unseen, answers = (part[:2_000] for part in data.validation)


def loss_after(decay, shape):
    """Train from the same start, on the same batches."""
    torch.manual_seed(42)
    network = lm.MLP([784, 30, 10])
    sgd = torch.optim.SGD(network.parameters(), lr=0.03, momentum=0.9)
    schedule = None
    if decay:
        schedule = lm.WarmupStableDecay(
            sgd, warmup=0, decay=decay, shape=shape, total_steps=steps
        )
    for chosen in torch.randint(len(images), (steps, 64)):
        sgd.zero_grad()
        cross_entropy(network(images[chosen]), labels[chosen]).backward()
        sgd.step()
        if schedule:
            schedule.step()
    with torch.no_grad():
        return cross_entropy(network(unseen), answers).item()


shares = [0.1, 0.2, 0.4, 1.0]
none = loss_after(0, "linear")
loss = {shape: {} for shape in ("linear", "1-sqrt")}
for shape, color in (("linear", "C0"), ("1-sqrt", "C1")):
    for share in shares:
        loss[shape][share] = loss_after(share, shape)
    found = [none, *loss[shape].values()]
    print(f"{shape}: no decay {none:.2f}", end="")
    print(*(f", {s:.0%} {x:.2f}" for s, x in loss[shape].items()), sep="")
    plt.plot([0, *shares], found, "o-", color=color, label=shape)
plt.legend()
plt.ylim(0.38, 0.5)
plt.xlabel("part of the run in which the rate falls")
plt.ylabel("validation loss")
plt.show()

gain = {share: none - loss["linear"][share] for share in shares}
part = gain[0.1] / max(gain.values())
print(f"a tenth of the run gives {part:.0%} of the most that any length gives")
assert min(gain[0.1], gain[0.2], gain[0.4], gain[1.0]) > 0
assert part > 0.5
