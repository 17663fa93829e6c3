"""Does RMSProp bring the loss on a bowl down?"""

import torch


def step(weight, gradient, state):
    weight -= rate * gradient / (state["mean"].sqrt() + 1e-8)
    state["mean"] = 0.9 * state["mean"] + 0.1 * gradient**2


rate, loss = 0.01, {}
weight = torch.ones(10, dtype=torch.float64)
state = {"mean": torch.zeros(10, dtype=torch.float64)}
for number in range(1, 1001):
    if number in (1, 2, 3, 1000):
        loss[number] = weight.square().sum().item() / 2
        print(f"step {number}: loss {loss[number]:.0e}")
    step(weight, weight.clone(), state)

assert min(loss[2], loss[1000]) > 1000 * loss[1]
