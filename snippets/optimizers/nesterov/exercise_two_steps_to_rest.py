"""Where are momentum and Nesterov after three steps at ηk = 1?"""

import torch

import lightning_modules as lm

places = {}
for name, kind, settings in (
    ("momentum", lm.Momentum, {}),
    ("Nesterov", lm.Nesterov, {"paper_form": True}),
):
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = kind([weight], lr=1.0, momentum=0.9, **settings)

    def closure(weight=weight):
        weight.grad = weight.detach().clone()
        return weight.sum()

    places[name] = [1.0]
    for _ in range(3):
        optimizer.step(closure)
        places[name].append(round(weight.item(), 9) + 0.0)
    print(f"{name}: {', '.join(f'{place:.2f}' for place in places[name])}")

factor = (0.9 * (1 - 0.9)) ** 0.5
assert places["momentum"] == [1, 0, -0.9, -0.81]
assert places["Nesterov"] == [1, 0, 0, 0]
