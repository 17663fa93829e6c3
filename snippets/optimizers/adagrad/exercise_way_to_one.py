"""How many steps does AdaGrad take to move a weight by 1, and by 2?"""

import torch

t = torch.arange(1, 20_001, dtype=torch.float64)
distance = (0.01 / t.sqrt()).cumsum(0)  # each step is η/√t long
steps = {way: int((distance < way).sum()) + 1 for way in (1, 2)}
for way, count in steps.items():
    print(f"by {way}: {count:,} steps")
assert all(abs(steps[way] / (way / 0.02) ** 2 - 1) < 0.05 for way in steps)
