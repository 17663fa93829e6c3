"""Can Adam walk away from the minimum?"""

import torch

import lightning_modules as lm


def position_after(optimizer_class, steps=3000, **settings):
    """Gradients 4, −1, −1, −1, …, so that downhill on average is to the left."""
    weight = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = optimizer_class([weight], lr=1e-3, **settings)
    for step in range(steps):
        gradient = 4.0 if step % 4 == 0 else -1.0
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
    return weight.item()


way = {
    "gradient descent": position_after(torch.optim.SGD),
    "Adam, β₂ = 0.999": position_after(lm.Adam, betas=(0.0, 0.999)),
    "Adam, β₂ = 0.1": position_after(lm.Adam, betas=(0.0, 0.1)),
}
for name, position in way.items():
    print(f"{name}: {position:+.2f}")
assert way["gradient descent"] < 0 and way["Adam, β₂ = 0.999"] < 0
assert way["Adam, β₂ = 0.1"] > 0, "a mean that forgets the 4 before the next one"
