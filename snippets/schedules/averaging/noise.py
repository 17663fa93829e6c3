"""At a constant rate, where are the weights, and where is their average?

Validation accuracy on Fashion-MNIST, every 20 steps at a constant rate. The
weights of the moment (orange) go up and down from look to look: the last step
decides what the run ends with. Their running average (blue), of about the last
hundred steps, is measured at the same moments. The training is the same: its
steps know nothing of the average.
"""

import matplotlib.pyplot as plt
import torch
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import lightning_modules as lm

data = lm.FashionMNIST()
images, labels = data.train
unseen, answers = (part[:2_000] for part in data.validation)
torch.manual_seed(42)
network = lm.MLP([784, 100, 100, 10])
lm.initialize(network)
sgd = torch.optim.SGD(network.parameters(), lr=0.03, momentum=0.9)
average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(0.99))


@torch.no_grad()
def accuracy(model):
    return (model(unseen).argmax(dim=1) == answers).float().mean().item()


looks = {"weights": [], "average": []}
for step in range(1, 601):
    chosen = torch.randint(len(images), (64,))
    sgd.zero_grad()
    cross_entropy(network(images[chosen]), labels[chosen]).backward()
    sgd.step()
    average.update_parameters(network)
    if step % 20 == 0:
        looks["weights"].append(accuracy(network))
        looks["average"].append(accuracy(average))

jump, mean = {}, {}
for name, color, place in (("average", "C0", 0.87), ("weights", "C1", 0.79)):
    plt.plot(range(20, 601, 20), looks[name], color=color)
    plt.text(450, place, name, color=color)
    late = torch.tensor(looks[name][15:])
    jump[name], mean[name] = late.diff().abs().mean().item(), late.mean().item()
    print(
        f"{name}, from step 300 on: {mean[name]:.1%}, "
        f"{100 * jump[name]:.1f} points from look to look"
    )
plt.ylim(0.6, 0.9)
plt.xlabel("training step")
plt.ylabel("validation accuracy")
plt.show()

assert jump["average"] < jump["weights"] / 2
assert mean["average"] > mean["weights"] + 0.005
