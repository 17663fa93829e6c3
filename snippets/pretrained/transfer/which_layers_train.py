"""Reused, frozen, thawed: which layers train in which epoch?

Three layers that come from another network, and a new head on top of them. A
filled cell is an epoch in which the layer trains, an empty one, an epoch in which
it stays as it came. Paler is slower: gradual unfreezing trains each layer at a
lower rate than the layer above it.
"""

import matplotlib.pyplot as plt
import pytorch_lightning as pl

import lightning_modules as lm

old = lm.MLP([64, 30, 30, 30, 8])
unfreezing = lm.GradualUnfreezing(["network.5", "network.3", "network.1"])


def epochs_of(network, *callbacks):
    """For each of five epochs, whether each layer trains, from the bottom up."""
    epochs, weights = [], [network[layer].weight for layer in (1, 3, 5, 7)]
    look = pl.callbacks.LambdaCallback(
        on_train_epoch_end=lambda *_: epochs.append(
            [weight.requires_grad for weight in weights]
        )
    )
    trainer = lm.quiet_trainer(
        max_epochs=5, limit_train_batches=2, callbacks=[*callbacks, look]
    )
    trainer.fit(lm.Classifier(network), lm.Digits())
    return epochs


trains = {}
figure, axes = plt.subplots(1, 3, figsize=(4.4, 1.8), sharey=True)
for axis, name in zip(axes, ("frozen", "fine-tuned", "gradual"), strict=True):
    network = lm.MLP([64, 30, 30, 30, 10])
    lm.reuse(network, old, new=["7"])  # 1, 3 and 5 are taken over
    if name == "frozen":
        network[:7].requires_grad_(False)
    callbacks = [unfreezing] if name == "gradual" else []
    trains[name] = epochs_of(network, *callbacks)
    print(f"{name}:", *map(sum, trains[name]), "layers train")
    rates = [*unfreezing.factors[::-1], 1.0] if callbacks else [1.0] * 4
    for epoch, layers in enumerate(trains[name], start=1):
        for layer, rate in enumerate(rates):
            look = {"facecolor": "none", "edgecolor": "#b0b0b0"}
            if layers[layer]:
                color = "C1" if layer == 3 else "C0"
                look = {"color": color, "alpha": rate**0.35}
            corner = (epoch - 0.4, layer - 0.4)
            axis.add_patch(plt.Rectangle(corner, 0.8, 0.8, **look))
    axis.set(title=name, xlabel="epoch", xlim=(0.5, 5.5), ylim=(-0.6, 3.6))
    axis.set_yticks(range(4), ["layer 1", "layer 2", "layer 3", "new head"])
    axis.set_xticks(range(1, 6))
    axis.tick_params(length=0)
    axis.grid(visible=False)
    axis.spines[:].set_visible(False)
plt.show()

assert [sum(layers) for layers in trains["gradual"]] == [1, 2, 3, 4, 4]
assert sum(map(sum, trains["frozen"])) == 5, "the head alone"
