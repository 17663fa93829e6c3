"""What is the least error of a linear autoencoder with ten numbers?"""

import torch

import lightning_modules as lm

images = lm.Digits().train.images.double().flatten(1)
images = (images - images.mean()) / images.std()
images -= images.mean(dim=0)

squares = torch.linalg.svdvals(images).square()
bound = (squares[10:].sum() / images.numel()).item()

torch.manual_seed(42)
encoder = torch.randn(64, 10, dtype=torch.float64)
for _ in range(100):  # the best decoder for the codes, the best codes for it
    decoder = torch.linalg.lstsq(images @ encoder, images).solution
    encoder = torch.linalg.pinv(decoder)
reached = (images @ encoder @ decoder - images).square().mean().item()
print(f"the bound: {bound:.3f}; reached from a random start: {reached:.3f}")
assert 1 - 1e-9 < reached / bound < 1.01
