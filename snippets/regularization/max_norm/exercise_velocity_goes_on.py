"""A unit held on the ball by its gradient, which turns: when does it move?"""

import torch

from lightning_modules.regularization.max_norm import clip_unit_norms_

weight = torch.nn.Parameter(torch.tensor([[3.0, 4.0]], dtype=torch.float64))
outward = weight.detach() / weight.detach().norm()
optimizer = torch.optim.SGD([weight], lr=0.01, momentum=0.9)


def step(gradient):
    weight.grad = gradient.clone()
    optimizer.step()
    with torch.no_grad():
        clip_unit_norms_(weight, radius=5.0)


for _ in range(200):
    step(-outward)
velocity = optimizer.state[weight]["momentum_buffer"].norm().item()

steps = 0
while weight.detach().norm() > 5 - 1e-9:
    step(outward)
    steps += 1
print(f"held at rest, the velocity is {velocity:.1f}")
print(f"it moves inward in step {steps} after the turn")
assert steps == 7 and abs(velocity - 10) < 1e-6
