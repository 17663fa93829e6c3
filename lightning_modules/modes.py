"""Evaluation mode for the time of a block."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within the block, all modules of a model are in evaluation mode.

    Afterwards, after an error too, each module is in the mode that it was in.

    >>> model = nn.Sequential(nn.Dropout(0.5))
    >>> with evaluating(model):
    ...     model[0].training
    False
    >>> model[0].training
    True

    Args:
        model: Any module.
    """
    training = [module for module in model.modules() if module.training]
    try:
        for module in training:
            module.training = False
        yield
    finally:
        for module in training:
            module.training = True
