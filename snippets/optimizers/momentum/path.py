"""What does momentum change on the way through a ravine?

Left, the first 40 steps. The loss is 50 times more curved across the ravine than
along it. At its best rate gradient descent (black) jumps from wall to wall and
creeps along the floor; momentum (blue), at its own best settings, swings wider
at first and arrives. Right, the distance to the minimum, on a log scale, with
what theory foretells (dashed): per step, gradient descent keeps (κ − 1)/(κ + 1)
of it, momentum (√κ − 1)/(√κ + 1).
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

kappa = 50  # the condition number: the largest curvature over the smallest
curvature = torch.tensor([1.0, kappa], dtype=torch.float64)


def way(optimizer_class, **settings):
    """The weights at each of 100 steps, one row each."""
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer, places = optimizer_class([weights], **settings), []
    for _ in range(101):
        places.append(weights.detach().clone())
        loss = (curvature * weights**2).sum() / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return torch.stack(places)


root = kappa**0.5
kept = {
    "gradient descent": (kappa - 1) / (kappa + 1),
    "momentum": (root - 1) / (root + 1),
}
rate = (2 / (1 + root)) ** 2
beta = kept["momentum"] ** 2
ways = {
    "gradient descent": way(torch.optim.SGD, lr=2 / (1 + kappa)),
    "momentum": way(lm.Momentum, lr=rate, momentum=beta),
}
widest = ways["momentum"][:, 1].abs().max().item()
print(f"momentum: rate {rate:.3f}, β {beta:.2f}, swings out to {widest:.1f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
x, y = torch.meshgrid(
    torch.linspace(-10, 3, 80), torch.linspace(-3.4, 3.4, 80), indexing="ij"
)
heights = (x**2 + kappa * y**2) / 2
left.contour(
    x, y, heights, levels=[1, 10, 40, 100, 200], colors="#b0b0b0", linewidths=0.7
)
measured, left_over = {}, {}
for (name, places), color in zip(ways.items(), ("black", "C0"), strict=True):
    left.plot(
        *places[:40].T, color=color, linewidth=1.1, marker=".", markersize=3
    )
    distance = places.norm(dim=1)
    right.semilogy(distance, color=color)
    theory = distance[0] * kept[name] ** torch.arange(101)
    right.semilogy(theory, color=color, linestyle="--", linewidth=0.8)
    measured[name] = ((distance[100] / distance[60]) ** (1 / 40)).item()
    left_over[name] = (distance[100] / distance[0]).item()
    print(
        f"{name}: a step leaves {measured[name]:.2f} "
        f"(theory {kept[name]:.2f}), 100 leave {left_over[name]:.0e}"
    )
left.set(xlabel="along the ravine", ylabel="across it")
right.text(45, 4, "gradient descent")
right.text(52, 1e-3, "momentum", color="C0")
right.set(xlabel="step", ylabel="distance to the minimum")
plt.show()

assert abs(measured["gradient descent"] - kept["gradient descent"]) < 0.001
assert abs(measured["momentum"] - kept["momentum"]) < 0.03
