"""Plot a schedule by stepping it, then train with it: at which rate?

Rates of the twenty steps of a run that halves its rate every five. A schedule
that was stepped for a plot (orange) is at its end when training begins.
`preview` (dashed, under the blue line) shows the same rates and uses nothing up.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def halving():
    """An optimizer, and a schedule with boundaries at steps 5, 10 and 15."""
    sgd = torch.optim.SGD([torch.zeros(1)], lr=0.8)
    return sgd, torch.optim.lr_scheduler.MultiStepLR(sgd, [5, 10, 15], 0.5)


def train(sgd, schedule):
    """Make twenty steps, and return the rates that they were made with."""
    rates = []
    for _ in range(20):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        schedule.step()
    return rates


sgd, schedule = halving()
train(sgd, schedule)  # for the plot
after_plot = train(sgd, schedule)

sgd, schedule = halving()
shown = lm.preview(schedule, 20)
used = train(sgd, schedule)

print("after a plot by stepping:", sorted(set(after_plot), reverse=True))
print("after a preview:         ", sorted(set(used), reverse=True))

plt.step(range(20), used, where="post")
plt.step(range(20), after_plot, where="post")
plt.step(range(20), shown, "k--", where="post", linewidth=0.8)
plt.text(6, 0.42, "after a preview", color="C0")
plt.text(6, 0.12, "after a plot by stepping", color="C1")
plt.xticks((0, 5, 10, 15, 20))
plt.xlabel("training step")
plt.ylabel("learning rate")
plt.show()

assert shown == used == [0.8] * 5 + [0.4] * 5 + [0.2] * 5 + [0.1] * 5
assert set(after_plot) == {0.1}
