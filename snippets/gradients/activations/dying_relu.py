"""When do ReLU units die, and does a leaky ReLU help?

Hidden units, of 300, that are at most 0 for each of 2,000 images, while Adam
trains at three learning rates. Left, ReLU: such a unit is dead, for it gets no
gradient. At the usual rate of 0.001 there are next to none; the higher the
rate, the more. The curves also fall: some come back, because the layers below
them and Adam's momentum move on. Right, leaky ReLU: as many units end on the
flatter side, where they still have a slope.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lightning_modules as lm

data = lm.FashionMNIST(train_size=20_000)
images, labels = data.train
unseen, answers = (tensor[:2_000] for tensor in data.validation)


@torch.no_grad()
def never_on(network):
    """Say of each hidden unit whether it is at most 0 for all images."""
    signal, units = unseen, []
    for layer in network:
        signal = layer(signal)
        if isinstance(layer, nn.ReLU | nn.LeakyReLU):
            units.append((signal <= 0).all(dim=0))
    return torch.cat(units)


off, back, accuracy = {}, {}, {}
figure, axes = plt.subplots(1, 2, figsize=(6.6, 3), sharey=True)
for axis, activation in zip(axes, (nn.ReLU, nn.LeakyReLU), strict=True):
    for rate in (0.001, 0.01, 0.03):
        torch.manual_seed(42)
        network = lm.MLP([784, 100, 100, 100, 10], activation)
        lm.initialize(network)
        adam = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
        units = []
        for step in range(601):
            if step % 25 == 0:
                units.append(never_on(network))
            chosen = torch.randint(len(images), (32,))
            adam.zero_grad()
            cross_entropy(network(images[chosen]), labels[chosen]).backward()
            adam.step()

        run = f"{activation.__name__} {rate}"
        off[run] = units[-1].sum().item()
        back[run] = (units[12] & ~units[-1]).sum().item()  # 12: after 300 steps
        with torch.no_grad():
            right = network(unseen).argmax(dim=1) == answers
        accuracy[run] = right.float().mean().item()
        print(
            f"{run}: {off[run]} of 300 units never on, "
            f"accuracy {accuracy[run]:.0%}"
        )
        (line,) = axis.plot(range(0, 601, 25), [one.sum() for one in units])
        axis.text(612, off[run], rate, color=line.get_color(), va="center")
    axis.set_title(activation.__name__)
    axis.set_xlabel("training step")
axes[0].set_ylabel("units never on")
plt.show()

assert off["ReLU 0.001"] < 30 < off["ReLU 0.01"] < off["ReLU 0.03"]
assert back["ReLU 0.01"] > 0 and back["ReLU 0.03"] > 0, "some come back"
assert off["LeakyReLU 0.03"] > 50, "a slope does not bring them back"
for name in ("ReLU", "LeakyReLU"):
    assert accuracy[f"{name} 0.03"] < accuracy[f"{name} 0.001"] - 0.02
