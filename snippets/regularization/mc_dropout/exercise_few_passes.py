"""How much of the mutual information do few passes find?"""

import torch


def entropy(p):
    return -(p * p.log()).sum(dim=-1)


torch.manual_seed(42)
scores = torch.randn(400, 1, 10, dtype=torch.float64) + 0.7 * torch.randn(
    400, 300, 10, dtype=torch.float64
)
passes = scores.softmax(dim=-1)
found = {}
for count in (2, 5, 30, 300):
    p = passes[:, :count]
    found[count] = (entropy(p.mean(dim=1)) - entropy(p).mean(dim=1)).mean().item()
share = {count: found[count] / found[300] for count in (2, 5, 30)}
for count, part in share.items():
    print(f"{count} passes find {part:.0%}")
assert all(abs(part - (1 - 1 / count)) < 0.06 for count, part in share.items())
