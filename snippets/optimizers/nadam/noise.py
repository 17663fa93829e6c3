"""How much noise does the look ahead let in?"""

import torch

import lightning_modules as lm
from lightning_modules.optimizers.nadam import momentum

torch.manual_seed(42)


def step_size(optimizer_class, **settings):
    """How long steps of pure noise are, root mean square, around step 1,000."""
    weights = torch.nn.Parameter(torch.zeros(2000, dtype=torch.float64))
    optimizer, steps = optimizer_class([weights], lr=1.0, **settings), []
    for step in range(1000):
        weights.grad = torch.randn(2000).double()
        before = weights.detach().clone()
        optimizer.step()
        if step >= 900:
            steps.append(weights.detach() - before)
    return torch.stack(steps).square().mean().sqrt().item()


def theory(mu):
    """Of (1 − μ) g + μ m, where m = 0.1 (g₀ + 0.9 g₁ + 0.9² g₂ + …)."""
    newest, rest = 1 - mu + 0.1 * mu, (0.1 * mu) ** 2 * 0.81 / 0.19
    return (newest**2 + rest) ** 0.5


settings = {"betas": (0.9, 0.999), "momentum_decay": 4e-3}
expected = {
    "Adam": (0.1 / 1.9) ** 0.5,
    "plain Nadam": theory(0.9),
    "torch's Nadam": theory(momentum(950, settings)),
}
sizes = {
    "Adam": step_size(lm.Adam),
    "plain Nadam": step_size(lm.Nadam, momentum_decay=None),
    "torch's Nadam": step_size(lm.Nadam),
}
for name, size in sizes.items():
    print(f"{name}: steps of {size:.2f} of the rate, theory {expected[name]:.2f}")
    assert abs(size - expected[name]) < 0.02
