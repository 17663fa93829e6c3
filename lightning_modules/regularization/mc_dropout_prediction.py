"""What several predictions for the same items say: their mean, how far they spread, and what kind of doubt it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from lightning_modules.table import Report, Table

_SHOWN = 10
"""A table has a row for each of the first items, and no more."""


@dataclass(
    repr=False
)  # not frozen: Lightning moves predictions to the CPU, and refuses to do so with frozen ones
class MCPrediction(Report):
    """The prediction for n items, from K passes: of one network with dropout, or one of each network of an ensemble.

    Printed, it is a table of the first ten.

    Attributes:
        mean: Mean over the passes, of class probabilities with shape (n, classes, ...), or of the outputs.
        std: Standard deviation over the passes (with K − 1), same shape.
        entropy: Entropy of the mean, in nats, shape (n, ...): the whole doubt. None where there are no probabilities.
        mutual_information: The entropy less the mean entropy of single passes, in nats, shape (n, ...): the part of
            the doubt on which the passes disagree. More data could remove it. None where there are no probabilities.
        samples: Each pass by itself, shape (K, n, ...), if they were to be kept.
    """

    mean: Tensor
    std: Tensor
    entropy: Tensor | None = None
    mutual_information: Tensor | None = None
    samples: Tensor | None = None

    def table(self) -> Table:
        """A row for each of the first ten items: the likeliest class where there are classes, else the outputs' sizes."""
        if self.entropy is None or self.mutual_information is None or self.mean.ndim != 2:
            return Table([("", "shape"), *self._shapes()], left=(0,))
        probability, likeliest = self.mean.max(dim=1)
        spread = self.std.gather(1, likeliest.unsqueeze(1)).squeeze(1)
        columns = (probability, spread, self.entropy, self.mutual_information)
        head = ("item", "class", "probability", "± std", "entropy", "mutual information")
        rows = [
            (str(item), str(int(likeliest[item])), *(f"{float(column[item]):.3f}" for column in columns))
            for item in range(min(len(self.mean), _SHOWN))
        ]
        return Table([head, *rows], left=())

    def summary(self) -> str:
        """The shape of each field."""
        return ", ".join(f"{name}: {shape}" for name, shape in self._shapes())

    def _shapes(self) -> Iterator[tuple[str, str]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                yield field.name, " × ".join(map(str, value.shape)) or "1 number"

    @staticmethod
    def cat(predictions: Sequence[Any] | None) -> "MCPrediction":
        """Join the predictions for several batches, such as those that `Trainer.predict` returns.

        >>> one = MCPrediction(mean=torch.zeros(2, 3), std=torch.ones(2, 3))
        >>> MCPrediction.cat([one, one, one]).mean.shape
        torch.Size([6, 3])

        Args:
            predictions: At least one; all with the same fields. `Trainer.predict` promises a list of anything, or None.

        Raises:
            ValueError: If there are none.
            TypeError: If one is something else, such as the list that stands for each of several loaders.
        """
        if not predictions:
            raise ValueError("There are no predictions to join.")
        for prediction in predictions:
            if not isinstance(prediction, MCPrediction):
                raise TypeError(
                    f"MCPrediction.cat joins MCPredictions, got a {type(prediction).__name__} among them. Of several "
                    "loaders, join each one's: MCPrediction.cat(predictions[0])."
                )
        joined: dict[str, Tensor] = {}
        for field in fields(MCPrediction):
            parts = [getattr(prediction, field.name) for prediction in predictions]
            if parts[0] is not None:
                joined[field.name] = torch.cat(parts, dim=1 if field.name == "samples" else 0)
        return MCPrediction(**joined)


class Tally:
    """Mean, spread and entropies of passes that arrive a few at a time (Chan's formulas, stable in float32 too).

    >>> tally = Tally(probabilities=True)
    >>> tally.add(torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]))  # two passes, one item: each is sure, they disagree
    >>> prediction = tally.prediction()
    >>> prediction.mean, prediction.mutual_information  # ln 2 = 0.6931
    (tensor([[0.5000, 0.5000]]), tensor([0.6931]))

    Args:
        probabilities: Whether dimension 1 of an item's output holds class probabilities.
        keep: Whether to keep each pass.

    Attributes:
        count: How many passes were taken in.
    """

    def __init__(self, probabilities: bool, keep: bool = False) -> None:
        self.probabilities = probabilities
        self.keep = keep
        self.count = 0
        self._mean: Tensor | None = None
        self._squares = torch.tensor(0.0)
        self._entropy = torch.tensor(0.0)
        self._kept: list[Tensor] = []

    def add(self, passes: Tensor) -> None:
        """Take in further `passes`, shape (passes, n, ...)."""
        count = len(passes)
        mean = passes.mean(dim=0)
        squares = (passes - mean).square_().sum(dim=0)
        entropy = _entropy(passes, 2).sum(dim=0) if self.probabilities else self._entropy
        if self._mean is None:
            self._mean, self._squares, self._entropy = mean, squares, entropy
        else:
            total = self.count + count
            apart = mean - self._mean
            self._squares = self._squares + squares + apart.square() * (self.count * count / total)
            self._mean = self._mean + apart * (count / total)
            self._entropy = self._entropy + entropy
        self.count += count
        if self.keep:
            self._kept.append(passes)

    def prediction(self) -> MCPrediction:
        """The result of at least two passes."""
        assert self._mean is not None
        prediction = MCPrediction(self._mean, (self._squares / (self.count - 1)).sqrt_())
        if self.probabilities:
            prediction.entropy = _entropy(self._mean, 1)
            single = self._entropy / self.count
            prediction.mutual_information = (prediction.entropy - single).clamp_(min=0)  # rounding
        if self.keep:
            prediction.samples = torch.cat(self._kept)
        return prediction


def _entropy(probabilities: Tensor, dim: int) -> Tensor:
    entropy: Tensor = torch.special.entr(probabilities).sum(dim=dim)
    return entropy
