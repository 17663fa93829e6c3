r"""Expected calibration error: are answers right as often as their probability says?

Each of n answers is the likeliest class, given with the probability ĉ. Sorted into M bins of equal width by ĉ, with
acc(B) the fraction of a bin's answers that are right and conf(B) the mean of their ĉ,

    ECE = Σ_B |B| / n · |acc(B) − conf(B)|        MCE = max_B |acc(B) − conf(B)|

A network whose ECE is 0 may be wrong often: it knows how often. The number depends on the bins, so it is compared with
the same M alone.

Naeini, Cooper, Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI 2015.
https://doi.org/10.1609/aaai.v29i1.9602
Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, with M = 15.
https://arxiv.org/abs/1706.04599
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lightning_modules.regularization.predicted_outputs import are_probabilities
from lightning_modules.table import Report, Table


@dataclass(frozen=True, repr=False)
class CalibrationReport(Report):
    """How often answers are right, by the probability with which they were given. Printed, it is a table of the bins.

    Attributes:
        expected: The expected calibration error, ECE, from 0 to 1.
        largest: That of the worst bin, MCE, from 0 to 1.
        counts: How many answers are in each bin, shape (bins,).
        confidence: The mean of their probabilities, shape (bins,); NaN in a bin without any.
        accuracy: The fraction of them that is right, shape (bins,); NaN in a bin without any.
    """

    expected: float
    largest: float
    counts: Tensor
    confidence: Tensor
    accuracy: Tensor

    def table(self) -> Table:
        """A row for each bin with answers."""
        bins = len(self.counts)
        rows = [
            (
                f"{place / bins:.0%} to {(place + 1) / bins:.0%}",
                f"{int(self.counts[place]):,}",
                f"{self.confidence[place]:.1%}",
                f"{self.accuracy[place]:.1%}",
            )
            for place in range(bins)
            if self.counts[place]
        ]
        return Table([("probability", "answers", "mean of it", "right of these"), *rows], left=(0,))

    def summary(self) -> str:
        """The two errors, and of how many answers."""
        return (
            f"expected error {self.expected:.2%}, largest {self.largest:.2%}, {int(self.counts.sum()):,} answers "
            f"in {len(self.counts)} bins"
        )


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> CalibrationReport:
    """Compare how probable a network says that its answers are with how often they are right.

    >>> sure, unsure = [0.9, 0.1], [0.6, 0.4]  # each twice; of the sure ones both are right, of the others one
    >>> report = calibration_error(torch.tensor([sure, sure, unsure, unsure]), torch.tensor([0, 0, 0, 1]), bins=10)
    >>> report.expected, report.largest  # 2/4 · |1 − 0.9| + 2/4 · |0.5 − 0.6|
    (0.1, 0.1)

    Args:
        probabilities: Of the classes, shape (n, classes, ...), such as `mc_dropout(…).mean`.
        labels: The right classes, integers of shape (n, ...).
        bins: How many bins of equal width from 0 to 1, M; each holds its upper end.

    Raises:
        TypeError: If the labels are no integers.
        ValueError: If the shapes do not belong together, there are no items, a label is no class, there is no bin, or
            the numbers are no probabilities.
    """
    check_labels(probabilities, labels)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}.")
    if not are_probabilities(probabilities):
        raise ValueError(
            "probabilities are not from 0 up, or do not sum to 1 over dimension 1. Of logits, take logits.softmax(dim=1)."
        )
    confidence, answers = (found.flatten().double() for found in probabilities.max(dim=1))
    right = (answers == labels.flatten()).double()
    bounds = torch.linspace(0, 1, bins + 1, device=probabilities.device, dtype=probabilities.dtype)
    place = torch.bucketize(confidence.to(probabilities.dtype), bounds[1:-1])
    counts = torch.bincount(place, minlength=bins)
    sure, hits = (torch.bincount(place, weights, bins) / counts for weights in (confidence, right))
    apart = (hits - sure).abs().nan_to_num()  # 0 in empty bins
    expected = float((apart * counts).sum() / counts.sum())
    return CalibrationReport(expected, float(apart.max()), counts, sure, hits)


def check_labels(outputs: Tensor, labels: Tensor) -> None:
    """Refuse labels that do not belong to outputs.

    Args:
        outputs: Shape (n, classes, ...).
        labels: Shape (n, ...).

    Raises:
        TypeError: If the labels are no integers.
        ValueError: If the shapes do not belong together, there are no items, or a label is no class.
    """
    if outputs.ndim < 2 or outputs.shape[1] < 2:
        raise ValueError(
            f"Classes stand in dimension 1, at least two of them, got shape {tuple(outputs.shape)}. Of the probability p "
            "of one of two classes, make torch.stack([1 - p, p], dim=1)."
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"labels must be integers, the numbers of the classes, got {labels.dtype}.")
    expected = (*outputs.shape[:1], *outputs.shape[2:])
    if labels.shape != expected:
        raise ValueError(
            f"labels must have shape {tuple(expected)} beside outputs of shape {tuple(outputs.shape)}, got "
            f"{tuple(labels.shape)}."
        )
    if not labels.numel():
        raise ValueError("There are no items.")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= outputs.shape[1]:
        raise ValueError(
            f"labels must be from 0 to {outputs.shape[1] - 1}, got {low if low < 0 else high}. Leave out items without a "
            "class."
        )
