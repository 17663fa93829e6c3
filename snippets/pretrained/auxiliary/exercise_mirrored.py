"""Mirrored after it was turned: by how many quarters does it seem turned?"""

import torch

image = torch.randn(1, 8, 8, generator=torch.Generator().manual_seed(42))
becomes = []
for quarters in range(4):
    seen = image.rot90(quarters, (-2, -1)).flip(-1)  # turned, then mirrored
    (seems,) = (
        turn
        for turn in range(4)
        if torch.equal(seen, image.flip(-1).rot90(turn, (-2, -1)))
    )
    becomes.append(seems)
    print(f"turned by {quarters} and mirrored: mirrored and turned by {seems}")

told = [turn for turn in range(4) if becomes[turn] == turn]
best = (len(told) + (4 - len(told)) / 2) / 4
print(f"half of them mirrored: at best {best:.0%}")
assert becomes == [0, 3, 2, 1]
