"""The gradient changes its sign. Who turns first?

Gradients are 1 for 200 steps, then −1. The length of each step, as a multiple of
the rate; below 0 it goes the other way. Adam (amber) goes on until its mean of
gradients has turned. Nadam counts the newest gradient once more, so it brakes at
once: plain (solid) a little, in torch's form (dotted), whose μ is still half
of β₁, a lot.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def step_lengths(optimizer_class, **settings):
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer, lengths = optimizer_class([weight], lr=1.0, **settings), []
    for step in range(230):
        before = weight.item()
        weight.grad = torch.tensor([1.0 if step < 200 else -1.0]).double()
        optimizer.step()
        lengths.append(before - weight.item())
    return lengths


forms = {
    "Adam": (step_lengths(lm.Adam), "C4", "-"),
    "plain Nadam": (step_lengths(lm.Nadam, momentum_decay=None), "C6", "-"),
    "torch's Nadam": (step_lengths(lm.Nadam), "C6", ":"),
}
spots = {
    "Adam": (3.6, 0.35),
    "plain Nadam": (9.5, -0.2),
    "torch's Nadam": (-9.5, -0.4),
}
turns, at_once = {}, {}
for name, (lengths, color, style) in forms.items():
    plt.plot(range(-10, 30), lengths[190:], color=color, linestyle=style)
    plt.text(*spots[name], name, color=color)
    turns[name] = next(step for step in range(30) if lengths[200 + step] < 0)
    at_once[name] = lengths[200]
    print(
        f"{name}: {at_once[name]:.2f} at the first changed gradient, "
        f"turns {turns[name]} steps later"
    )
plt.axhline(0, color="black", linewidth=0.7)
plt.xlabel("steps since the gradient turned")
plt.ylabel("step length ÷ learning rate")
plt.show()

assert turns["torch's Nadam"] < turns["plain Nadam"] < turns["Adam"]
