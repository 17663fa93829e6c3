"""How strongly does λ pull, through which optimizer?"""

import torch

from lightning_modules.regularization.penalties import (
    add_l1_gradient_,
    soft_threshold_,
)

strength, rate, steps = 1e-3, 0.01, 400
OPTIMIZERS = {
    "SGD": lambda w: torch.optim.SGD(w, rate),
    "SGD, momentum 0.9": lambda w: torch.optim.SGD(w, rate, momentum=0.9),
    "Adam": lambda w: torch.optim.Adam(w, rate),
}


def pull(make, proximal, noise):
    """How far weights come down per step, in units of η λ."""
    torch.manual_seed(42)
    weight = torch.nn.Parameter(torch.full((30_000,), 10.0))
    optimizer = make([weight])
    for _ in range(steps):
        half = noise * torch.randn(15_000)  # a batch's, without aim:
        weight.grad = torch.cat((half, -half))  # the mean is exactly 0
        if not proximal:
            add_l1_gradient_([weight], strength)
        optimizer.step()
        if proximal:
            soft_threshold_(weight.data, rate * strength)
    moved = 10 - weight.detach().double().mean().item()
    return moved / (steps * rate * strength)


subgradient, adam = {}, {}
print("pull in η λ            subgradient   proximal")
for name, make in OPTIMIZERS.items():
    subgradient[name] = pull(make, False, noise=0.003)
    by_step = pull(make, True, noise=0.003)
    print(f"{name:22}{subgradient[name]:12.0f}{by_step:11.0f}")
    assert abs(by_step - 1) < 0.3
for noise in (0.03, 0.003):
    adam[noise] = pull(OPTIMIZERS["Adam"], False, noise)
    print(f"Adam, gradients of {noise}: subgradient {adam[noise]:.0f}")

assert abs(subgradient["SGD, momentum 0.9"] / subgradient["SGD"] - 10) < 1
assert adam[0.003] > 8 * adam[0.03]
