"""Two classes, two passes: how probable is the first class?"""

import torch

scores = [torch.tensor([8.0, 0.0]), torch.tensor([-2.0, 0.0])]
probability = torch.stack(scores).mean(dim=0).softmax(dim=-1)
first = probability[0].item()
print(f"scores of the passes: {[one.tolist() for one in scores]}")
print(f"probability of the first class: {first:.0%}")
assert first > 0.9
