"""What reaches the layers of a hundred-layer network before it has learned?

Gradient of each hidden layer's weights (root mean square) on one batch of
Fashion-MNIST, before any training, in plain stacks of a hundred layers. Under
ReLU it comes back almost level, under SELU some twenty times stronger. Batch
normalization keeps the signal level on its way up and lets the gradient explode
on its way down. GELU and Swish, with He's initialization, lose both.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import lightning_modules as lm

depth = 100
images, labels = next(iter(lm.FashionMNIST(batch_size=128).train_dataloader()))
growth, last = {}, {}
for name, activation, normalization, shift in (
    ("SELU", nn.SELU, None, 8),
    ("ReLU", nn.ReLU, None, 0.01),
    ("ReLU + batch norm", nn.ReLU, nn.BatchNorm1d, 20),
    ("GELU", nn.GELU, None, 20),
    ("Swish", nn.SiLU, None, 20),
):
    torch.manual_seed(42)
    widths = [784] + [100] * depth + [10]
    network = lm.MLP(widths, activation, normalization)
    lm.initialize(network)  # LeCun for SELU, He for the others
    report = lm.signal(network, (images, labels), nn.functional.cross_entropy)
    dense = [row for row in report if row.kind == "Linear"]
    gradients = [row.gradient_rms for row in dense[1:-1]]  # of equal shape
    growth[name] = gradients[0] / gradients[-1]
    last[name] = dense[-1].std
    print(f"{name}: gradient {gradients[0]:.0e} at layer 2")
    (line,) = plt.semilogy(range(2, depth + 1), gradients)
    plt.text(30, gradients[28] * shift, name, color=line.get_color())

plt.xlabel("layer")
plt.ylabel("gradient of the weights")
plt.show()

assert 0.01 < growth["ReLU"] < 100 and 1 < growth["SELU"] < 1000
assert growth["ReLU + batch norm"] > 1e6
assert last["Swish"] < 1e-9 and last["GELU"] < 1e-6
