"""Which four checks find a fault before the first real training step?"""

import copy
import math

import torch
from torch.nn.functional import cross_entropy

import lightning_modules as lm


def start(network, images, labels):
    """The loss before training, as a multiple of what guessing costs."""
    guessing = math.log(10)
    return cross_entropy(network(images), labels).item() / guessing


def one_batch(network, weights, images, labels):
    """The loss after 200 steps on the same 32 images."""
    adam = torch.optim.Adam(weights, lr=3e-3)
    for _ in range(200):
        loss = cross_entropy(network(images[:32]), labels[:32])
        adam.zero_grad()
        loss.backward()
        adam.step()
    return loss.item()


def neighbours_agree(images, labels):
    """How many images have the same label as the image most like them."""
    distances = torch.cdist(images.flatten(1), images.flatten(1))
    nearest = distances.fill_diagonal_(math.inf).argmin(dim=1)
    return (labels[nearest] == labels).float().mean().item()


torch.manual_seed(42)
images, labels = lm.Digits().train
pixels = lm.Digits(standardize=False).train.images * 16  # as they come
shuffled = labels[torch.randperm(len(labels))]
network = lm.MLP([64, 50, 50, 10])
lm.initialize(network)
old = copy.deepcopy(network)  # what the optimizer of the fourth check holds

mean, std = images.mean().item(), images.std().item()
raw_mean, raw_std = pixels.mean().item(), pixels.std().item()
print(f"inputs      std {std:.1f}; raw {raw_std:.1f}, mean {raw_mean:.1f}")

right_start = start(network, images, labels)
raw_start = start(network, pixels, labels)
print(f"first loss  {right_start:.1f} times ln 10; raw inputs {raw_start:.0f}")

agree = neighbours_agree(images, labels)
shuffled_agree = neighbours_agree(images, shuffled)
print(
    f"labels      {agree:.0%} of neighbours agree; shuffled {shuffled_agree:.0%}"
)

stuck = one_batch(network, old.parameters(), images, labels)
twin = copy.deepcopy(network)
by_heart = one_batch(twin, twin.parameters(), images, shuffled)
learnt = one_batch(network, network.parameters(), images, labels)
print(
    f"one batch   loss {learnt:.3f}; wrong weights in the optimizer {stuck:.1f}"
)
print(f"            shuffled labels {by_heart:.3f}: this check is blind to them")

assert abs(mean) < 0.1 and abs(std - 1) < 0.1 and raw_std > 3
assert right_start < 3 and raw_start > 2 * right_start
assert shuffled_agree < 0.3 < 0.9 < agree
assert learnt < 0.1 < 1 < stuck
assert by_heart < 0.1
