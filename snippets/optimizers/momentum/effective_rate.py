"""Is momentum more than a larger learning rate?

Training loss of a small network on digits, averaged over ten steps. Momentum 0.9
at rate η (blue) goes like gradient descent at ten times that rate (black),
because its steps are 1/(1 − 0.9) times as long; gradient descent at η itself
(dotted) is far behind. To compare the two at the same η is to compare two step
lengths.
"""

from itertools import islice

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

data = lm.Digits(batch_size=32)


def losses(optimizer_class, steps=300, **settings):
    torch.manual_seed(42)
    network = lm.MLP([64, 100, 100, 10])
    lm.initialize(network)
    optimizer, values = optimizer_class(network.parameters(), **settings), []
    batches = (batch for _ in range(9) for batch in data.train_dataloader())
    for images, labels in islice(batches, steps):
        loss = nn.functional.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    return torch.tensor(values).view(-1, 10).mean(dim=1)


rate = 0.005
curves = {
    "momentum 0.9, η": losses(lm.Momentum, lr=rate, momentum=0.9),
    "gradient descent, 10 η": losses(torch.optim.SGD, lr=10 * rate),
    "gradient descent, η": losses(torch.optim.SGD, lr=rate),
}
looks = (("C0", "-"), ("black", "-"), ("black", ":"))
spots = ((25, 0.9), (1, 0.02), (150, 1.05))
halfway = {}
for (name, curve), (color, style), spot in zip(
    curves.items(), looks, spots, strict=True
):
    plt.plot(range(5, 300, 10), curve, color=color, linestyle=style)
    plt.text(*spot, name, color=color)
    halfway[name] = curve[10:20].mean().item()
    print(f"{name}: mean of steps 100–200 {halfway[name]:.1f}")
plt.xlabel("training step")
plt.ylabel("training loss")
plt.show()

like, ten_times, slow = (halfway[name] for name in curves)
assert abs(like - ten_times) < 0.3 * ten_times and slow > 3 * ten_times
