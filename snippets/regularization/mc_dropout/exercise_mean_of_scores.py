"""The softmax of a mean and the mean of softmaxes: what do they say?"""

import torch


def both(one, other):
    scores = torch.tensor([[one, 0.0], [other, 0.0]], dtype=torch.float64)
    return {
        "mean of scores": scores.mean(dim=0).softmax(dim=-1)[0].item(),
        "mean of probabilities": scores.softmax(dim=-1).mean(dim=0)[0].item(),
    }


first, alike = both(8.0, -2.0), both(2.1, 1.9)
for name, p in first.items():
    print(f"{name}: {p:.0%}, where passes agree {alike[name]:.0%}")
close = abs(alike["mean of scores"] - alike["mean of probabilities"])
assert first["mean of scores"] > 0.95 and first["mean of probabilities"] < 0.6
assert close < 1e-3
