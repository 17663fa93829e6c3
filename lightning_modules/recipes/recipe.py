"""A recipe: one row of choices through a table of defaults, ready to train with.

    chosen = recipe("default", depth="shallow")
    model = Classifier(chosen.network([784, 100, 100, 10]), recipe=chosen)

Each part can be another one, of the tables (`recipes.parts`) or your own: `recipe("default", optimizer=ADAMW)`.
Parts that undo each other are refused, and of one that is not needed beside another you are warned.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypedDict, Unpack, get_args

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from pytorch_lightning.utilities import rank_zero_warn
from torch import nn

from lightning_modules.gradients.following import is_weight_layer
from lightning_modules.networks import MLP
from lightning_modules.recipes.conflicts import conflicts
from lightning_modules.recipes.defaults import DEFAULTS, MOST_SHALLOW, Depth, Name, check_name
from lightning_modules.recipes.parts import (
    Activation,
    Initializer,
    Normalization,
    Part,
    Regularizer,
    Schedule,
)
from lightning_modules.schedules.scheduled import Interval
from lightning_modules.table import Report, Table


class Parts(TypedDict, total=False):
    """What `recipe` lets you replace; None leaves the part out, where that is possible.

    Attributes:
        initializer: Draws a new network's weights.
        activation: Called once for each hidden layer.
        normalization: Called with a hidden layer's width.
        regularization: Any number of methods against overfitting.
        optimizer: Called with the parameters.
        schedule: Called with the optimizer.
    """

    initializer: Part[Initializer] | Initializer | None
    activation: Part[Activation] | Activation
    normalization: Part[Normalization | None] | Normalization | None
    regularization: Sequence[Regularizer]
    optimizer: Part[OptimizerCallable] | OptimizerCallable
    schedule: Schedule | LRSchedulerCallable | None


@dataclass(frozen=True, repr=False)
class Recipe(Report):
    """Six parts that go together. `recipe` makes one; `str` is a list of the parts.

    >>> print(recipe("self-normalizing"))
    initializer: LeCun
    activation: SELU
    normalization: none
    regularization: none
    optimizer: Nesterov
    schedule: performance

    Attributes:
        initializer: Draws a new network's weights, unless its `make` is None.
        activation: After each hidden layer.
        normalization: Before each activation, unless its `make` is None.
        regularization: Any number of them.
        optimizer: Called with the parameters.
        schedule: Called with the optimizer; None leaves the rate alone.

    Raises:
        ValueError: If parts undo each other; see `conflicts`.

    Warns:
        UserWarning: If one of two parts is not needed, such as a normalization beside SELU.
    """

    initializer: Part[Initializer | None]
    activation: Part[Activation]
    normalization: Part[Normalization | None]
    regularization: tuple[Regularizer, ...]
    optimizer: Part[OptimizerCallable]
    schedule: Schedule | None

    def __post_init__(self) -> None:
        # No random numbers of the caller's, and no warning beside the error.
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            trial = self._built([2, 240, 2])  # units that a normalization of groups can divide
        found = conflicts(trial, self.optimizer.make)
        refused = [conflict for conflict in found if not conflict.harmless]
        if refused:
            raise ValueError("\n".join(map(str, refused)))
        for conflict in found:
            rank_zero_warn(str(conflict))

    def __str__(self) -> str:
        return "\n".join(f"{name}: {words}" for name, words in self._words())

    def table(self) -> Table:
        """A row for each part."""
        return Table([("part", "method"), *self._words()], left=(0, 1))

    def summary(self) -> str:
        """Each part in a word."""
        return ", ".join(f"{name}: {words}" for name, words in self._words())

    def network(self, widths: Sequence[int]) -> MLP:
        """A new network of dense layers, initialized.

        >>> [type(layer).__name__ for layer in recipe("default", depth="deep").network([64, 30, 10])]
        ['Flatten', 'Linear', 'BatchNorm1d', 'SiLU', 'Linear']

        Args:
            widths: As for `MLP`: inputs, units of each hidden layer, outputs.

        Raises:
            TypeError: If it is a network.
        """
        if isinstance(widths, nn.Module):
            raise TypeError(
                f"Recipe.network builds an MLP from widths such as [784, 100, 10], got a {type(widths).__name__}. A "
                "network of your own is trained as it is: Classifier(network, recipe=...). Its weights are drawn by "
                "initialize(network)."
            )
        network = self._built(widths)
        if self.initializer.make is not None:
            self.initializer.make(network)
        return network

    def callbacks(self, monitor: str = "val/loss") -> list[pl.Callback]:
        """New callbacks for one training: those of the regularization.

        >>> [stopping.monitor for stopping in recipe("default").callbacks(monitor="val_loss")]
        ['val_loss']

        Args:
            monitor: The name under which your module logs the validation loss, for early stopping.
        """
        made = [part.callback() for part in self.regularization if part.callback is not None]
        for callback in made:
            if isinstance(callback, EarlyStopping) and callback.monitor == "val/loss":
                callback.monitor = monitor
        return made

    def _built(self, widths: Sequence[int]) -> MLP:
        network = MLP(widths, self.activation.make, self.normalization.make)
        if len(widths) > 2:  # else there is no activation for dropout to follow
            for part in self.regularization:
                if part.change is not None:
                    part.change(network)
        return network

    def _words(self) -> Iterator[tuple[str, str]]:
        for field in fields(self):
            part = getattr(self, field.name)
            parts = part if isinstance(part, tuple) else (part,)
            yield field.name, ", ".join(one.words for one in parts if one is not None) or "none"


def recipe(name: Name, depth: Depth = "shallow", **parts: Unpack[Parts]) -> Recipe:
    """Take a recipe from the tables, some of its parts replaced.

    >>> from lightning_modules.recipes.parts import ADAMW
    >>> print(recipe("default", depth="deep", optimizer=ADAMW, schedule=None))
    initializer: He
    activation: Swish
    normalization: batch norm
    regularization: early stopping
    optimizer: AdamW
    schedule: none

    Args:
        name: "default" or "self-normalizing".
        depth: "shallow" or "deep". `depth_of` tells it of a network.
        **parts: What to replace, by the names of `Recipe`'s attributes: with a part of the tables, or with whatever
            builds yours. None leaves initializer, normalization or schedule out.

    Raises:
        ValueError: If there is no such recipe or depth, or if parts undo each other.
        TypeError: If there is no part of that name, or it cannot be what it was given.

    Warns:
        UserWarning: If one of two parts is not needed, such as a normalization beside SELU.
    """
    check_name(name)
    if depth not in get_args(Depth):
        raise ValueError(f'A network is "shallow" or "deep", got depth={depth!r}.')
    taken = DEFAULTS[name][depth]
    basis = Recipe(
        initializer=taken.initializer.choices[0],
        activation=taken.activation.choices[0],
        normalization=taken.normalization.choices[0],
        regularization=taken.regularization.choices[:1],
        optimizer=taken.optimizer.choices[0],
        schedule=taken.schedule.choices[0],
    )
    return with_parts(basis, **parts)


def with_parts(recipe: Recipe, **parts: Unpack[Parts]) -> Recipe:
    """The same recipe, some of its `parts` replaced; see `recipe`."""
    return replace(recipe, **{name: _as_part(name, given) for name, given in parts.items()})


def depth_of(network: nn.Module | Sequence[int]) -> Depth:
    """Whether a network counts as shallow or deep: up to five hidden layers are shallow.

    >>> depth_of([784, 100, 100, 10]), depth_of(MLP([784] + [100] * 20 + [10]))
    ('shallow', 'deep')

    Args:
        network: A module, of which dense and convolutional layers count; or an MLP's widths.
    """
    layers = (
        sum(map(is_weight_layer, network.modules())) if isinstance(network, nn.Module) else len(network) - 1
    )
    return "shallow" if layers - 1 <= MOST_SHALLOW else "deep"


def schedule_of(make: LRSchedulerCallable, interval: Interval = "epoch") -> Schedule:
    """A schedule of your own as a part.

    >>> from functools import partial
    >>> from lightning_modules import PowerDecay
    >>> recipe("default", schedule=schedule_of(partial(PowerDecay, power=0.5), "step")).schedule.words
    'PowerDecay'

    Args:
        make: Called with the optimizer.
        interval: Whether it steps after each training step or each epoch.
    """
    return Schedule(_name_of(make), "", make, interval)


def _as_part(name: str, given: Any) -> Any:
    """What was given in place of a part, as a part."""
    known = {field.name for field in fields(Recipe)}
    if name not in known:
        raise TypeError(f"A recipe has no part {name!r}; it has {', '.join(sorted(known))}.")
    if name == "regularization":
        given = (given,) if isinstance(given, Regularizer) else given
        wrong = [part for part in given or () if not isinstance(part, Regularizer)]
        if wrong:
            raise TypeError(
                f"regularization is a sequence of Regularizer, got {wrong[0]!r}. "
                'Use Regularizer("words", "page", callback=...).'
            )
        return tuple(given or ())
    kind = Schedule if name == "schedule" else Part
    if isinstance(given, kind) or (given is None and kind is Schedule):
        return given
    if given is None and name in ("initializer", "normalization"):
        return Part("none", "", None)
    if not callable(given):
        raise TypeError(f"{name} must be something to call, or a {kind.__name__}, got {given!r}.")
    return schedule_of(given) if kind is Schedule else Part(_name_of(given), "", given)


def _name_of(make: Any) -> str:
    """The name of a class or function, or of what a partial calls."""
    return str(getattr(getattr(make, "func", make), "__name__", type(make).__name__))
