"""A published warm-up: at which rates are the first epochs trained?

The rate of each of the first ten epochs. The published loop (orange) trains an
epoch first and asks the schedule afterwards: it begins at the full rate, which
the warm-up was to prevent, and makes the second epoch at 0. `Warmup` (blue)
begins low, and each rate is higher than the one before it.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm


def published(epoch):
    """From 0 to 0.3 in five epochs, then constant."""
    return 0.3 * min(epoch / 5, 1)


sgd = torch.optim.SGD([torch.zeros(1)], lr=0.3)
by_loop = []
for epoch in range(10):
    by_loop.append(sgd.param_groups[0]["lr"])  # train this epoch, then:
    sgd.param_groups[0]["lr"] = published(epoch)

rates = lm.RateHistory()
model = lm.Classifier(
    lm.MLP([64, 10]),
    optimizer=partial(torch.optim.SGD, lr=0.3),
    lr_scheduler=partial(lm.Warmup, steps=5),
    interval="epoch",
)
lm.quiet_trainer(max_epochs=10, callbacks=[rates]).fit(model, lm.Digits())
by_warmup = rates.rate()[::40]

print("published:", *(f"{rate:.2f}" for rate in by_loop))
print("Warmup:   ", *(f"{rate:.2f}" for rate in by_warmup))

plt.plot(by_warmup, "o-")
plt.plot(by_loop, "o-")
plt.text(2.4, 0.2, "Warmup", color="C0", ha="right")
plt.text(0.25, 0.29, "published", color="C1")
plt.xlabel("epoch")
plt.ylabel("rate used")
plt.show()

assert [round(rate, 2) for rate in by_loop[:4]] == [0.3, 0, 0.06, 0.12]
assert by_warmup[:6] == sorted(by_warmup[:6]) and by_warmup[0] > 0
