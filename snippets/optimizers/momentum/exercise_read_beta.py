"""What do the tops of the swings say of β?"""

import torch

weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
optimizer = torch.optim.SGD([weight], lr=0.01, momentum=0.99)
distance = []
for _ in range(260):
    distance.append(weight.abs().item())
    weight.grad = weight.detach().clone()  # curvature 1
    optimizer.step()

top = max(distance[170:230])  # a swing and a half
read = top ** (2 / 200)
print(f"the top near step 200: {top:.2f}")
print(f"β is about {read:.3f}")
assert abs(read - 0.99) < 0.002
