"""The best weights of a training so far, to go back to."""

from copy import deepcopy
from typing import Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn

from lightning_modules.trainer_callbacks import callbacks_of

# Lightning's callbacks that decide what weights training ends with, by the names of their classes; some are of 2.6.
_OTHERS = {
    "WeightAveraging": "ends training with its averages",
    "StochasticWeightAveraging": "ends training with its averages",
    "ModelPruning": "ends training with weights that it has made 0, under names that change",
}


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


def refuse_other_weights(trainer: pl.Trainer, restoring: str, way_out: str) -> None:
    """Refuse a Trainer in which somebody else decides what weights training ends with.

    Args:
        trainer: Has the callbacks.
        restoring: Who puts weights back, for the message.
        way_out: What to do instead, a sentence.

    Raises:
        MisconfigurationException: If there is one of Lightning's callbacks that does.
    """
    for callback in callbacks_of(trainer):
        for kind in type(callback).__mro__:
            if kind.__name__ in _OTHERS and kind.__module__.startswith(("pytorch_lightning.", "lightning.")):
                raise MisconfigurationException(
                    f"{type(callback).__name__} {_OTHERS[kind.__name__]}, and {restoring} would put those of one epoch "
                    f"in their place. {way_out}"
                )
