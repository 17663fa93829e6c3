"""How many questions must a network leave open to be right in 95% of its answers?

Accuracy of the answers on the test images, against the part that is answered:
by the entropy of 30 passes with dropout (blue), and by the largest probability
of one plain pass (orange). Each dot is the limit of doubt that gave 95% on the
validation images; nothing promises that it gives 95% (dashed) on others too.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

torch.manual_seed(42)
data = lm.FashionMNIST(batch_size=64, train_size=5_000)
recipe = lm.recipe("default", depth="shallow", schedule=None)
network = recipe.network([784, 100, 100, 10])
lm.add_dropout(network, rate=0.2)
lm.quiet_trainer(max_epochs=6).fit(lm.Classifier(network, recipe=recipe), data)
network.eval()


def with_dropout(images):
    asked = lm.mc_dropout(network, images, samples=samples, seed=0)
    return asked.mean.argmax(dim=1), asked.entropy


@torch.no_grad()
def plainly(images):
    probability, classes = network(images).softmax(dim=1).max(dim=1)
    return classes, 1 - probability


samples = 30
answered, accuracy, everything = {}, {}, {}
for name, ask, color in (
    ("MC dropout", with_dropout, "C0"),
    ("plain", plainly, "C1"),
):
    classes, doubt = ask(data.validation.images)
    limit = lm.limit_of_doubt(
        classes == data.validation.labels, doubt, accuracy=0.95
    )

    classes, doubt = ask(data.test.images)
    right = classes == data.test.labels
    given = lm.abstain(classes, doubt, limit) >= 0
    answered[name] = given.float().mean().item()
    accuracy[name] = right[given].float().mean().item()
    everything[name] = right.float().mean().item()
    print(f"{name}: {everything[name]:.1%} right if everything is answered")
    print(f"  {answered[name]:.0%} answered, {accuracy[name]:.1%} of them right")

    curve = lm.selective_accuracy(right, doubt)
    some = (torch.linspace(0.3, 1, 60) * (len(curve.answered) - 1)).long()
    plt.plot(curve.answered[some], curve.accuracy[some], color=color)
    plt.plot(answered[name], accuracy[name], "o", color=color)
plt.text(0.77, 0.93, "plain", color="C1")
plt.text(0.58, 0.91, "MC dropout", color="C0")
plt.axhline(0.95, color="k", linestyle="--", linewidth=0.8)
plt.xlabel("fraction answered")
plt.ylabel("accuracy of the answers")
plt.show()

for name in answered:
    assert abs(accuracy[name] - 0.95) < 0.02
    assert accuracy[name] > everything[name] + 0.05
    assert 0.3 < answered[name] < 0.9
assert abs(answered["plain"] - answered["MC dropout"]) < 0.1
