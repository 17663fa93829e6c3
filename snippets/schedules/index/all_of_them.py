"""What does each schedule do to the rate, from the first step to the last?

The rate over a run of 200 steps, as a part of the highest one, with the settings
that each schedule has by itself. Plateau is the one that looks at the training:
here the loss stops falling after 80 steps. Warm-up is followed by a cosine.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

steps = 200
schedules = [
    lm.PowerDecay,
    lm.SquareRootDecay,
    lm.ExponentialDecay,
    lm.PiecewiseConstant,
    lm.LinearDecay,
    lm.CosineDecay,
    lm.CosineRestarts,
    lm.OneCycle,
    lm.Warmup,
    lm.WarmupStableDecay,
    lm.Plateau,
]
rates = {}
for schedule in schedules:
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0, momentum=0.9)
    if schedule is lm.Plateau:
        plateau, rates["Plateau"] = lm.Plateau(optimizer, patience=20), []
        for step in range(steps):
            rates["Plateau"].append(optimizer.param_groups[0]["lr"])
            plateau.step(1 - min(step, 80) / 100)
        continue
    more = {"after": lm.CosineDecay} if schedule is lm.Warmup else {}
    made = schedule(optimizer, total_steps=steps, **more)
    rates[schedule.__name__] = lm.preview(made, steps)

figure, axes = plt.subplots(6, 2, figsize=(4.4, 6.2), sharex=True, sharey=True)
axes.flat[-1].axis("off")
for axis, (name, values) in zip(axes.flat, rates.items(), strict=False):
    axis.plot(values)
    axis.fill_between(range(steps), values, alpha=0.15)
    axis.set(title=name, xticks=(0, 100, 200), yticks=(0, 1), ylim=(0, 1.08))
    print(f"{name}: from {values[0]:.2f} to {values[-1]:.3f}")
figure.supxlabel("step", fontsize=9)
plt.show()

others = {"OneCycle", "Warmup", "WarmupStableDecay"}
assert all(values[0] == 1 for name, values in rates.items() if name not in others)
public = {
    name for name in lm.__all__ if hasattr(getattr(lm, name), "get_last_lr")
}
assert public == set(rates), "all schedules of the library are here"
