"""What does a network say that is asked a hundred times with dropout on?

Three test images and the probabilities of the classes: the bar is the mean of a
hundred passes, the line reaches from their fifth lowest to their fifth highest.
The first answer is the same each time. The second is undecided each time
(single passes are unsure as well). In the third single passes are surer and
contradict each other: there the mutual information is large.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=64, train_size=10_000)
network = lm.MLP([784, 100, 100, 100, 10])
lm.initialize(network)
lm.add_dropout(network, rate=0.3)
model = lm.Classifier(network)
trainer = lm.quiet_trainer(max_epochs=6)
trainer.fit(model, data)

images = data.test.images[:1_000]
seen = lm.mc_dropout(model, images, samples=100, seed=0, keep_samples=True)
# Found by sorting by entropy and by mutual information.
chosen = {"sure": 76, "undecided": 490, "at odds with itself": 320}
entropy = {name: seen.entropy[i].item() for name, i in chosen.items()}
information = {
    name: seen.mutual_information[i].item() for name, i in chosen.items()
}

names = [name.split("/")[0] for name in data.class_names]
figure, axes = plt.subplots(
    3, 2, figsize=(6.0, 6.6), width_ratios=(1, 3), sharex="col"
)
for (picture, axis), (name, i) in zip(axes, chosen.items(), strict=True):
    picture.imshow(images[i, 0], cmap="gray_r")
    picture.axis("off")
    right = data.test.labels[i]
    picture.set_title(names[right])
    axis.bar(names, seen.mean[i], color="C0", alpha=0.4)
    low, high = seen.samples[:, i].quantile(torch.tensor([0.05, 0.95]), dim=0)
    axis.vlines(range(10), low, high, color="C0")
    axis.set_title(name)
    axis.set_ylabel("probability")
    p, spread = seen.mean[i, right], seen.std[i, right]
    print(f"{name}: {names[right]}, which is right, gets {p:.2f} ± {spread:.2f}")
    print(f"  entropy {entropy[name]:.2f}, information {information[name]:.2f}")
axes[-1, 1].tick_params(axis="x", rotation=60)
plt.show()

odds = "at odds with itself"
assert entropy["sure"] < 0.1 < 0.5 < min(entropy["undecided"], entropy[odds])
assert information["undecided"] < 0.1 * entropy["undecided"]
assert information[odds] > 0.2 * entropy[odds]
