"""torch never moves ahead to take a gradient. Which weights does it then have?"""

import torch

import lightning_modules as lm

curvature = torch.tensor([1.0, 20.0], dtype=torch.float64)


def descend(optimizer_class, steps=30, **settings):
    weights = torch.nn.Parameter(torch.tensor([-6.0, 2.0], dtype=torch.float64))
    optimizer = optimizer_class([weights], lr=0.03, momentum=0.8, **settings)
    looked = []

    def closure():
        looked.append(weights.detach().clone())
        optimizer.zero_grad()
        loss = (curvature * weights**2).sum() / 2
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    velocity = optimizer.state[weights].get("velocity")
    return weights.detach(), velocity, torch.stack(looked)


ahead, _, torch_looked = descend(torch.optim.SGD, nesterov=True)
theta, velocity, looked = descend(lm.Nesterov, paper_form=True)
ours, _, _ = descend(lm.Nesterov)

assert torch.allclose(looked, torch_looked, rtol=1e-9, atol=0)
print("the gradients are taken at the same points")
assert torch.allclose(theta + 0.8 * velocity, ahead, rtol=1e-9, atol=0)
print("torch's weights are θ + βm: those points, not θ")
assert torch.allclose(ours, ahead, rtol=1e-9, atol=0)
apart = ((ahead - theta).norm() / theta.norm()).item()
print(f"after 30 steps the two are {apart:.0%} of the way to the minimum apart")
