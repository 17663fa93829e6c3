"""Class-balanced draws and wrong labels: which images train, and what they are said to show."""

from typing import NamedTuple

import torch
from torch import Tensor


class Split(NamedTuple):
    """Images and what they show.

    Attributes:
        images: Shape (n, 1, height, width), float32.
        labels: Class numbers, shape (n,), int64.
    """

    images: Tensor
    labels: Tensor

    def __repr__(self) -> str:
        return (
            f"Split(images of shape {tuple(self.images.shape)}, labels of shape {tuple(self.labels.shape)})"
        )


def balanced_order(labels: Tensor, seed: int) -> Tensor:
    """An order of all items, random within each class, whose every beginning has the classes in fair shares.

    So the first 20 of ten equal classes are two of each, and they are among the first 200.

    >>> labels = torch.tensor([0, 0, 0, 1, 1, 1])
    >>> order = balanced_order(labels, seed=0)
    >>> labels[order].sort(stable=True).values.tolist(), sorted(labels[order[:2]].tolist())
    ([0, 0, 0, 1, 1, 1], [0, 1])

    Args:
        labels: Class numbers, shape (n,).
        seed: The draw's seed.

    Returns:
        Positions in `labels`, shape (n,).
    """
    shuffled = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    place = torch.empty(len(labels), dtype=torch.float64)
    for label in labels.unique():
        members = shuffled[labels[shuffled] == label]
        # The k-th of m members stands at (k + 1/2) / m of the whole, whatever m is.
        place[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    return place.argsort(stable=True)


def with_wrong_labels(labels: Tensor, fraction: float, num_classes: int, seed: int) -> Tensor:
    """A copy of `labels` in which a random `fraction`, to the nearest item, is replaced by another class's number.

    >>> true = torch.zeros(10, dtype=torch.int64)
    >>> int((with_wrong_labels(true, 0.3, num_classes=10, seed=0) != true).sum())
    3

    Args:
        labels: Class numbers, shape (n,).
        fraction: From 0 to 1.
        num_classes: The wrong label is drawn evenly from the other `num_classes - 1`.
        seed: The draw's seed.
    """
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(labels), generator=generator)[: round(fraction * len(labels))]
    shift = torch.randint(1, num_classes, (len(chosen),), generator=generator)
    noisy = labels.clone()
    noisy[chosen] = (noisy[chosen] + shift) % num_classes
    return noisy
