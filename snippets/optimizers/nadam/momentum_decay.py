"""Which momentum does Nadam really have?

Left, the momentum μ that its look ahead uses, step by step, for values of torch's
momentum_decay. At 0.004, the default, it begins at half of β₁ and takes tens of
thousands of steps to get there; at 1, which is Keras', a hundred. At 0 it does
not mean "off": it stays at half for ever. Off is None (ours only). Right, the
weight of the newest gradient in a step: the smaller μ, the more of it. Adam
(amber), without a look ahead, gives it a tenth.
"""

import matplotlib.pyplot as plt
import torch

from lightning_modules.optimizers.nadam import momentum

steps = torch.logspace(0, 5, 200).tolist()
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
reached, newest = {}, {}
for psi, style, name, spots in (
    (None, "-", "None", ((1.2, 0.915), (1.2, 0.205))),
    (1.0, "--", "1 (Keras)", ((25, 0.66), (110, 0.23))),
    (4e-3, "-.", "0.004 (torch)", ((30, 0.6), (20, 0.53))),
    (0.0, ":", "0", ((3e4, 0.465), (3e4, 0.565))),
):
    group = {"betas": (0.9, 0.999), "momentum_decay": psi}
    values = [momentum(t, group) for t in steps]
    # Later on m̂ is μ m + (1 − μ) g, and 0.1 g of that is in m already.
    shares = [0.1 * mu + 1 - mu for mu in values]
    left.semilogx(steps, values, color="C6", linestyle=style)
    right.semilogx(steps, shares, color="C6", linestyle=style)
    left.text(*spots[0], name, color="C6")
    right.text(*spots[1], name, color="C6")
    newest[name] = shares[0]
    at = [t for t in range(1, 100_000) if momentum(t, group) > 0.85]
    reached[name] = at[0] if at else 0
    when = f"0.85 at step {at[0]}" if at else "never at 0.85"
    print(f"{name}: starts at {values[0]:.2f}, {when}")
right.axhline(0.1, color="C4", linewidth=1)
right.text(1.2, 0.115, "Adam", color="C4")
left.set(xlabel="step", ylabel="momentum μ", ylim=(0.42, 0.96))
right.set(xlabel="step", ylabel="weight of the newest gradient", ylim=(0, 0.62))
plt.show()

assert 50 < reached["1 (Keras)"] < 100 and reached["0.004 (torch)"] > 10_000
assert not reached["0"], "it stays at half for ever"
