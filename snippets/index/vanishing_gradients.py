"""How much of the learning signal reaches the first layers of a deep network?

Gradient norm of each hidden layer's weights, on one batch of Fashion-MNIST,
before any training. Through twenty sigmoid layers (Glorot initialization) it
falls by a constant factor a layer; twenty ReLU layers (He initialization) pass
it on.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

images, labels = next(iter(lm.FashionMNIST(batch_size=512).train_dataloader()))
weaker = {}
for name, activation in {
    "sigmoid, Glorot": nn.Sigmoid,
    "ReLU, He": nn.ReLU,
}.items():
    torch.manual_seed(42)
    network = lm.MLP([784] + [100] * 20 + [10], activation)
    lm.initialize(network)  # Glorot for sigmoid, He for ReLU
    nn.functional.cross_entropy(network(images), labels).backward()

    # Layers 2 to 20 have the same shape, so their norms can be compared.
    layers = [module for module in network if isinstance(module, nn.Linear)][1:-1]
    norms = [layer.weight.grad.norm().item() for layer in layers]
    weaker[name] = norms[-1] / norms[0]
    print(f"{name}: layer 20's gradient is {weaker[name]:.2g} times layer 2's")
    (line,) = plt.semilogy(range(2, 21), norms, marker="o", markersize=3)
    plt.text(11, norms[9] * 5, name, color=line.get_color(), ha="right")

power = round(math.log10(weaker["sigmoid, Glorot"]))
plt.xlabel("layer")
plt.ylabel("gradient norm")
plt.xticks([2, 5, 10, 15, 20])
plt.ylim(top=100)
plt.show()

assert weaker["sigmoid, Glorot"] > 1e6
assert 0.1 < weaker["ReLU, He"] < 10
