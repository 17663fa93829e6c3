"""How often does a unit that is seldom awake look dead?"""

import torch

awake = torch.distributions.Normal(-3.0, 1.0).cdf(torch.tensor(0.0))
share = 1 - awake.double().item()
looks_dead, after_3000 = (1 - share) ** 32, (1 - share) ** 3000
wakes = round(60_000 * share)

torch.manual_seed(42)
batches = torch.randn(20_000, 32) - 3
counted = (batches <= 0).all(dim=1).double().mean().item()
print(f"awake for {wakes} of 60,000 images")
print(f"looks dead in {looks_dead:.1%} of the batches")

assert abs(counted - looks_dead) < 0.01
assert 70 < wakes < 90
