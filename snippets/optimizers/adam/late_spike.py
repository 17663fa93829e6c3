"""Adam has arrived. Does it stay?

6,000 steps into the ravine, without any noise. Left, the distance to the minimum:
Adam (solid) comes closer than anybody needs, and is thrown out after 3,700 steps.
Right, why: as gradients vanish, √ŝ forgets that they were ever large, and the
rate that a weight really has, η/√ŝ, rises. Times the curvature it must stay below
2(1 + β₁)/(1 − β₁) = 38 (black line). With β₂ = 0.99 (dotted) it forgets ten
times sooner. With a rate that falls by 0.1% a step (dashed) it never gets there.
"""

import matplotlib.pyplot as plt
import torch

import lightning_modules as lm

curvature = torch.tensor([1.0, 50.0], dtype=torch.float64)
limit = 2 * (1 + 0.9) / (1 - 0.9)


def descend(beta2, falls=1.0, steps=6000):
    """The distance and the largest rate times curvature, at each step."""
    weights = torch.nn.Parameter(torch.tensor([-9.0, 1.2], dtype=torch.float64))
    optimizer = lm.Adam([weights], lr=0.5, betas=(0.9, beta2))
    (group,), distances, paces = optimizer.param_groups, [], []
    for step in range(1, steps + 1):
        distances.append(weights.norm().item())
        weights.grad = curvature * weights.detach()  # of (x² + 50y²) / 2
        optimizer.step()
        mean_square = optimizer.state[weights]["exp_avg_sq"] / (1 - beta2**step)
        paces.append((group["lr"] * curvature / mean_square.sqrt()).max().item())
        group["lr"] *= falls
    return torch.tensor([distances, paces], dtype=torch.float64)


def farthest(values):
    return values.view(-1, 40).max(dim=1).values  # of every 40 steps


long, short, falling = descend(0.999), descend(0.99), descend(0.999, falls=0.999)
exceeded = next(step for step in range(100, 6000) if long[1, step] > limit)
thrown = exceeded + int(long[0, exceeded : exceeded + 1000].argmax())
away = long[0, thrown].item()
print(f"the limit is exceeded at about step {round(exceeded, -2)}")
print(f"at about {round(thrown, -2)} it is {away:.1f} from the minimum")

figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
for run, style in ((short, ":"), (falling, "--"), (long, "-")):
    for panel, values in zip((left, right), run, strict=True):
        panel.semilogy(
            range(20, 6000, 40), farthest(values), "C4", linestyle=style
        )
left.set(ylim=(1e-16, 30), xlabel="step", ylabel="distance to the minimum")
left.text(1500, 2, "β₂ = 0.99", color="C4")
left.text(3500, 1e-7, "β₂ = 0.999", color="C4", ha="right")
right.axhline(limit, color="black", linewidth=0.7)
right.text(5900, 5, "the rate falls", color="C4", ha="right")
right.set(xlabel="step", ylabel="η/√ŝ times curvature", ylim=(1, 300))
plt.show()

assert 0 < thrown - exceeded < 500 and away > 0.01
assert long[0, exceeded - 100] < 1e-20 and falling[0, -1] < 1e-9
assert farthest(falling[1])[5:].max() < limit
