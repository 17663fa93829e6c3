"""A gradient in every hundredth step: how long are RMSProp's steps?"""

import torch

import lightning_modules as lm

step, less = {}, {}
for rho in (0.9, 0.99):
    weights = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimizer = lm.RMSProp([weights], lr=1.0, alpha=rho)
    for number in range(1, 1201):
        if number == 1001:
            before = weights.detach().clone()
        seldom = 1.0 if number % 100 == 0 else 0.0
        weights.grad = torch.tensor([1.0, seldom], dtype=torch.float64)
        optimizer.step()
    often, seldom = (before - weights.detach()).tolist()
    step[rho], less[rho] = seldom / 2, often / seldom
    print(
        f"ρ = {rho}: steps of {step[rho]:.2f} rates, {less[rho]:.0f} times less"
    )

assert abs(step[0.9] - 0.1**-0.5) < 0.01
assert 7 < step[0.99] < 9
