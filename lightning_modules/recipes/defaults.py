"""The chapter's two tables of defaults, as data: for each part, by depth and kind of network, what to take.

Where a table names two, the first is what a recipe takes and the others stand for choice; what is only to be added
where it is needed stands apart. Of the schedules that is the one which goes with early stopping: 1cycle has to be
trained to its end. The guide's last page shows these tables, and says what measurements make of them.

Géron, "Hands-On Machine Learning with Scikit-Learn, Keras & TensorFlow", 3rd edition, O'Reilly 2022, tables 11-3
and 11-4.
"""

from dataclasses import dataclass, fields, replace
from typing import Generic, Literal, TypeVar, get_args

from pytorch_lightning.cli import OptimizerCallable

from lightning_modules.recipes.parts import (
    ADAMW,
    ALPHA_DROPOUT,
    BATCH_NORM,
    EARLY_STOPPING,
    HE,
    LECUN,
    NESTEROV,
    NO_NORMALIZATION,
    ONE_CYCLE,
    PERFORMANCE,
    RELU,
    SELU,
    SLOW_NESTEROV,
    SWISH,
    WEIGHT_DECAY,
    Activation,
    Initializer,
    Normalization,
    Part,
    Regularizer,
    Schedule,
)

Name = Literal["default", "self-normalizing"]
"""What kind of network."""

Depth = Literal["shallow", "deep"]

MOST_SHALLOW = 5
"""The most hidden layers of a shallow network. The chapter draws no line; the guide measures 2 and 20."""

PartT = TypeVar("PartT", bound=Part[object] | Regularizer)


@dataclass(frozen=True)
class Cell(Generic[PartT]):
    """One cell of a table.

    Attributes:
        choices: What to take; the first, unless you know better.
        if_needed: What to add where it is needed.
    """

    choices: tuple[PartT, ...]
    if_needed: tuple[PartT, ...] = ()

    @property
    def words(self) -> str:
        """The cell as the table has it.

        >>> Cell((NESTEROV, ADAMW)).words
        'Nesterov or AdamW'
        >>> Cell((EARLY_STOPPING,), if_needed=(WEIGHT_DECAY,)).words
        'early stopping; weight decay if needed'
        """
        taken = " or ".join(part.words for part in self.choices)
        return "; ".join(filter(None, [taken, *(f"{part.words} if needed" for part in self.if_needed)]))


@dataclass(frozen=True)
class Defaults:
    """One table, for networks of one depth.

    Attributes:
        initializer: What draws the weights.
        activation: After each hidden layer.
        normalization: Before each activation.
        regularization: Against overfitting.
        optimizer: Called with the parameters.
        schedule: Called with the optimizer.
    """

    initializer: Cell[Part[Initializer]]
    activation: Cell[Part[Activation]]
    normalization: Cell[Part[Normalization | None]]
    regularization: Cell[Regularizer]
    optimizer: Cell[Part[OptimizerCallable]]
    schedule: Cell[Schedule]


_SHALLOW = Defaults(
    initializer=Cell((HE,)),
    activation=Cell((RELU,)),
    normalization=Cell((NO_NORMALIZATION,)),
    regularization=Cell((EARLY_STOPPING,), if_needed=(WEIGHT_DECAY,)),
    optimizer=Cell((NESTEROV, ADAMW)),
    schedule=Cell((PERFORMANCE, ONE_CYCLE)),
)
_DEEP = replace(_SHALLOW, activation=Cell((SWISH,)), normalization=Cell((BATCH_NORM,)))
_SELF_NORMALIZING = Defaults(
    initializer=Cell((LECUN,)),
    activation=Cell((SELU,)),
    normalization=Cell((NO_NORMALIZATION,)),
    regularization=Cell((), if_needed=(ALPHA_DROPOUT,)),
    optimizer=Cell((SLOW_NESTEROV,)),
    schedule=Cell((PERFORMANCE, ONE_CYCLE)),
)

DEFAULTS: dict[Name, dict[Depth, Defaults]] = {
    "default": {"shallow": _SHALLOW, "deep": _DEEP},
    "self-normalizing": {"shallow": _SELF_NORMALIZING, "deep": _SELF_NORMALIZING},
}
"""The tables, by kind and depth."""


def table(name: Name) -> dict[str, str]:
    """One table in words, row by row.

    >>> for part, words in table("default").items():
    ...     print(f"{part}: {words}")
    initializer: He
    activation: ReLU if shallow, Swish if deep
    normalization: none if shallow, batch norm if deep
    regularization: early stopping; weight decay if needed
    optimizer: Nesterov or AdamW
    schedule: performance or 1cycle

    Args:
        name: "default" or "self-normalizing".

    Raises:
        ValueError: If there is no table of that name.
    """
    check_name(name)
    rows = {}
    for field in fields(Defaults):
        words = {depth: getattr(DEFAULTS[name][depth], field.name).words for depth in get_args(Depth)}
        is_same = len(set(words.values())) == 1
        rows[field.name] = (
            words["shallow"] if is_same else ", ".join(f"{what} if {depth}" for depth, what in words.items())
        )
    return rows


def check_name(name: str) -> None:
    """Raise a ValueError if there is no table of that `name`."""
    if name not in DEFAULTS:
        raise ValueError(f"There is no recipe {name!r}; there are {', '.join(map(repr, DEFAULTS))}.")
