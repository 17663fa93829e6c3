r"""Abstaining: answer where the doubt is small, and say "I don't know" elsewhere.

With d the doubt about each of n items, for a limit δ

    answered   = the part of the items with d ≤ δ
    accuracy   = the part of those that are right

Lower the limit, and fewer answers are given and more of them are right, if the doubt is worth anything. Any number
that is larger where the model errs will do: the entropy of `mc_dropout`, or one minus the largest probability. Choose
the limit on images that are not the test's.

El-Yaniv, Wiener, "On the Foundations of Noise-free Selective Classification", JMLR 11 (2010).
https://jmlr.org/papers/v11/el-yaniv10a.html
Geifman, El-Yaniv, "Selective Classification for Deep Neural Networks", NeurIPS 2017.
https://arxiv.org/abs/1705.08500
"""

from typing import NamedTuple

import torch
from torch import Tensor

from lightning_modules.table import Table

ABSTAINED = -1
"""The class of an item that is not answered."""


class Selective(NamedTuple):
    """What each possible limit of doubt gives, from the lowest to the highest; three tensors of the same length.

    Attributes:
        limit: The limit: a doubt that occurs.
        answered: The fraction of the items that are answered.
        accuracy: The fraction of those that are right.
    """

    limit: Tensor
    answered: Tensor
    accuracy: Tensor

    def table(self) -> Table:
        """A row for each of at most ten limits, from the lowest to the highest."""
        places = torch.linspace(0, len(self.limit) - 1, min(len(self.limit), 10)).round().int().tolist()
        rows = [
            (f"{self.limit[i]:.4g}", f"{self.answered[i]:.1%}", f"{self.accuracy[i]:.1%}") for i in places
        ]
        return Table([("limit of doubt", "answered", "right of these"), *rows], left=())

    def summary(self) -> str:
        """The number of limits, and the two ends."""
        return (
            f"{len(self.limit)} limits, answered {self.answered[0]:.1%} to {self.answered[-1]:.1%}, "
            f"accuracy {self.accuracy[0]:.1%} to {self.accuracy[-1]:.1%}"
        )

    def __repr__(self) -> str:
        return f"Selective({self.summary()})"

    def _repr_html_(self) -> str:
        return self.table().html()


def selective_accuracy(correct: Tensor, doubt: Tensor) -> Selective:
    """Accuracy against the fraction that is answered.

    >>> curve = selective_accuracy(torch.tensor([True, True, False]), torch.tensor([0.1, 0.3, 0.2]))
    >>> curve.limit, curve.answered
    (tensor([0.1000, 0.2000, 0.3000]), tensor([0.3333, 0.6667, 1.0000]))
    >>> curve.accuracy  # 1 of 1, 1 of 2, 2 of 3
    tensor([1.0000, 0.5000, 0.6667])

    Args:
        correct: Whether the answer to each item would be right, booleans of shape (n,).
        doubt: How doubtful each is, shape (n,). Items of the same doubt are answered together.

    Raises:
        ValueError: If the shapes differ, or there are no items; if a doubt is NaN.
    """
    _check(correct, doubt)
    order = doubt.argsort()
    limit, counts = doubt[order].unique_consecutive(return_counts=True)
    until = counts.cumsum(0)
    right = correct[order].to(torch.float64).cumsum(0)[until - 1]
    return Selective(limit, (until / len(doubt)).to(torch.float32), (right / until).to(torch.float32))


def limit_of_doubt(correct: Tensor, doubt: Tensor, accuracy: float) -> float:
    """The highest limit at which the answers are as accurate as asked for: the most answers at that accuracy.

    >>> correct, doubt = torch.tensor([True, True, True, False]), torch.tensor([0.1, 0.2, 0.4, 0.3])
    >>> limit_of_doubt(correct, doubt, accuracy=0.7)  # all four: 3 of 4 are right
    0.4
    >>> limit_of_doubt(correct, doubt, accuracy=0.9)
    0.2

    Args:
        correct: As for `selective_accuracy`.
        doubt: As for `selective_accuracy`.
        accuracy: The part of the answers that have to be right, from 0 to 1. On new items it will be near that, not
            at least that.

    Raises:
        ValueError: If no limit reaches it, or as for `selective_accuracy`.
    """
    curve = selective_accuracy(correct, doubt)
    enough = (curve.accuracy >= accuracy).nonzero().flatten()
    if not len(enough):
        best = curve.accuracy.max().item()
        raise ValueError(
            f"No limit of doubt gives an accuracy of {accuracy:g}; the highest is {best:g}. Ask for less, or train "
            "a better model."
        )
    return curve.limit[enough[-1]].item()


def abstain(classes: Tensor, doubt: Tensor, limit: float) -> Tensor:
    """The classes, and `ABSTAINED` (−1) where the doubt is above the limit.

    >>> abstain(torch.tensor([7, 2, 1]), torch.tensor([0.1, 0.9, 0.3]), limit=0.3)
    tensor([ 7, -1,  1])

    Args:
        classes: Class numbers, shape (n,).
        doubt: Shape (n,).
        limit: The highest doubt with which to answer, as from `limit_of_doubt`.

    Raises:
        ValueError: If the shapes differ.
    """
    if classes.shape != doubt.shape:
        raise ValueError(
            f"There must be one doubt for each class, got shapes {tuple(doubt.shape)} and {tuple(classes.shape)}."
        )
    # NaN is not at most the limit.
    return classes.where(doubt <= limit, torch.full_like(classes, ABSTAINED))


def _check(correct: Tensor, doubt: Tensor) -> None:
    if correct.ndim != 1 or correct.shape != doubt.shape:
        raise ValueError(
            f"There must be one doubt for each item, shape (n,), got correct {tuple(correct.shape)} and doubt "
            f"{tuple(doubt.shape)}."
        )
    if not len(doubt):
        raise ValueError("There are no items.")
    if doubt.isnan().any():
        raise ValueError(f"{int(doubt.isnan().sum())} of {len(doubt)} doubts are NaN.")
