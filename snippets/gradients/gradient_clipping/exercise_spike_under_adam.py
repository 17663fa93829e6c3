"""One gradient of 100 among ones: what does it cost under Adam?"""

from itertools import pairwise

import torch

import lightning_modules as lm

weights = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
optimizer, places = lm.Adam([weights], lr=1.0), []
for step in range(3021):
    places.append(weights.tolist())
    spike = 100.0 if step == 2000 else 1.0
    weights.grad = torch.tensor([spike, min(spike, 1.0)], dtype=torch.float64)
    optimizer.step()

unclipped, clipped = zip(*places, strict=True)
longest = max(a - b for a, b in pairwise(unclipped))
way = {  # once the spike has left the mean of gradients
    "unclipped": unclipped[2020] - unclipped[3020],
    "clipped": clipped[2020] - clipped[3020],
}
print(f"the longest step: {longest:.1f} times the rate")
print(
    f"the next 1,000 steps: {way['unclipped']:.0f} and {way['clipped']:.0f} rates"
)
assert 2 < longest < 4
assert way["unclipped"] < 0.6 * way["clipped"]
