"""What is a loop without zero_grad?"""

import torch


def run(momentum, zero_grad):
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer, places = torch.optim.SGD([weight], lr=0.1, momentum=momentum), []
    for _ in range(500):
        if zero_grad:
            optimizer.zero_grad()
        (weight.square().sum() / 2).backward()
        optimizer.step()
        places.append(weight.item())
    return torch.tensor(places, dtype=torch.float64)


runs = {
    "no zero_grad": run(0.0, zero_grad=False),
    "β = 1": run(1.0, zero_grad=True),
    "β = 0.9": run(0.9, zero_grad=True),
}
apart = (runs["no zero_grad"] - runs["β = 1"]).abs().max().item()
swing = {name: places[-100:].abs().max().item() for name, places in runs.items()}
assert apart < 1e-9
print("without zero_grad and with β = 1: the same places, to nine digits")
for name in ("no zero_grad", "β = 0.9"):
    print(
        f"{name}: in the last 100 steps up to {swing[name]:.1g} from the minimum"
    )
assert swing["no zero_grad"] > 0.9 and swing["β = 0.9"] < 1e-6
