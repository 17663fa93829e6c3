"""When does the rate fall, if the validation loss decides?

Above, the rate that each step used: it falls to 0.3 of itself after two
epochs in a row that have not improved the validation loss. Below, that loss, at
the end of each epoch; the circle is the measurement after which the rate fell
for the first time. Then the loss falls at once to where it had never been. What
the rate does later brings less: there it was not what held the loss up.
"""

from functools import partial

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

torch.manual_seed(42)
network = lm.MLP([784, 100, 100, 100, 10])
lm.initialize(network)
model = lm.Classifier(
    network,
    optimizer=partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    lr_scheduler=partial(lm.Plateau, monitor="val/loss", factor=0.3, patience=1),
)
epochs = 14
rates, history = lm.RateHistory(), lm.History()
trainer = lm.quiet_trainer(max_epochs=epochs, callbacks=[rates, history])
trainer.fit(model, lm.FashionMNIST(batch_size=64, train_size=6_000))

used, losses = rates.rate(), history["val/loss"]
steps = len(used) // epochs
plateau = trainer.lr_scheduler_configs[0].scheduler
fell = {epoch for epoch in plateau.reductions if epoch < epochs}
first, falls = min(fell), len(fell)
accuracy = history["val/accuracy"][-1]
print(f"the rate fell first after epoch {first}, in all {falls} times")
before, after, last = (losses[epoch - 1] for epoch in (first, first + 1, epochs))
print(f"loss {before:.2f}, an epoch later {after:.2f}, at the end {last:.2f}")
print(f"validation accuracy {accuracy:.0%}")

figure, (above, below) = plt.subplots(2, 1, figsize=(5.6, 4.2), sharex=True)
above.semilogy([step / steps for step in range(len(used))], used)
above.set(ylabel="rate used")
below.plot(range(1, epochs + 1), losses)
below.plot(first, before, "o", color="C1", markersize=8, fillstyle="none")
below.set(ylabel="validation loss", xlabel="epoch")
plt.show()

assert after < min(losses[:first]), "the first fall takes the loss down"
assert before - after > after - min(losses), "more than all that comes later"
assert all(used[steps * epoch] < used[steps * epoch - 1] for epoch in fell)
