"""What happens to a weight that never had a gradient?"""

import torch

import lightning_modules as lm


def after_a_step(eps):
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.zeros(1)  # a dead unit, a padding row, an unused class
    lm.AdaMax([weight], eps=eps).step()
    return weight.item()


print(f"the paper's equation, ε = 0: {after_a_step(0.0)}")
print(f"torch's, ε = 1e-8: {after_a_step(1e-8)}")
assert after_a_step(0.0) != after_a_step(0.0), "0/0 is not a number"
assert after_a_step(1e-8) == 1
