"""Three values of β: which curve has which?

The distance to the minimum of one weight, on a bowl with ηk = 0.01, for three
values of β. A falls along a straight line and never swings. B swings a little and
is gone before the others have got far. C swings all the time, and the tops of its
swings fall along a straight line as well, half as steep as A.
"""

import matplotlib.pyplot as plt
import torch

for name, beta, spot in (
    ("A", 0.0, (180, 0.07)),
    ("B", 0.9, (112, 6e-3)),
    ("C", 0.99, (380, 0.3)),
):
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer, distance = torch.optim.SGD([weight], lr=0.01, momentum=beta), []
    for _ in range(400):
        distance.append(weight.abs().item())
        weight.grad = weight.detach().clone()  # curvature 1
        optimizer.step()
    plt.semilogy(distance)
    plt.text(*spot, name)
plt.ylim(1e-4, 2)
plt.xlabel("step")
plt.ylabel("distance to the minimum")
plt.show()
