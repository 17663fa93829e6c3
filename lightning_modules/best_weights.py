"""The best weights of a training so far, to go back to."""

from copy import deepcopy
from typing import Any

from torch import Tensor, nn


class BestWeights:
    """A copy of all that a model's `state_dict` has.

    >>> import torch
    >>> model, best = nn.Linear(1, 1), BestWeights()
    >>> _ = model.weight.data.fill_(1.0)
    >>> best.keep(model)
    >>> _ = model.weight.data.fill_(2.0)
    >>> best.restore(model)
    >>> model.weight.item()
    1.0

    Attributes:
        state: What is kept; nothing at first.
    """

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def keep(self, model: nn.Module) -> None:
        """Keep the weights and buffers as they are now."""
        self.state = {
            name: value.detach().clone() if isinstance(value, Tensor) else deepcopy(value)
            for name, value in model.state_dict().items()
        }

    def restore(self, model: nn.Module) -> None:
        """Put what is kept back into the `model`, if there is something."""
        if self.state:
            model.load_state_dict(self.state)
