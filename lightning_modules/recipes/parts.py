r"""What recipes are put together from: the words of the tables, and what builds each.

The tables name methods; to train, a method needs numbers. Those are here, once:

    He, LeCun        normal weights of variance 2 / n_in and 1 / n_in, zero biases
    Nesterov         η = 0.01, in the self-normalizing table 0.003; β = 0.9
    AdamW            η = 0.001, β₁ = 0.9, β₂ = 0.999, λ = 0.01
    performance      η is halved when the validation loss has not improved for more than 5 epochs
    1cycle           η is the peak; up for 0.3 of the run, then down, per step
    early stopping   after 10 epochs without a better validation loss, back to the best weights
    weight decay     λ/2 Σ w² with λ = 0.0001, on weights alone
    alpha dropout    one number in ten

η, the learning rate, is the first to tune on a new problem.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.cli import LRSchedulerCallable, OptimizerCallable
from torch import nn

from lightning_modules.gradients.initialization import initialize
from lightning_modules.regularization.dropout import add_dropout
from lightning_modules.regularization.early_stopping import RestoringEarlyStopping
from lightning_modules.regularization.penalties import L2Penalty
from lightning_modules.schedules.one_cycle import OneCycle
from lightning_modules.schedules.performance import Plateau
from lightning_modules.schedules.scheduled import Interval

Initializer = Callable[[nn.Module], object]
"""Called with a network, whose weights it draws."""

Activation = Callable[[], nn.Module]
"""Called once for each hidden layer."""

Normalization = Callable[[int], nn.Module]
"""Called with a hidden layer's width."""

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Part(Generic[T_co]):
    """One method: what the tables call it, where the guide describes it, and what builds it.

    Attributes:
        words: Its name in the tables.
        page: The guide's page on it, below the guide's address.
        make: What builds it; None where there is nothing to build.
    """

    words: str
    page: str
    make: T_co


@dataclass(frozen=True)
class Schedule(Part[LRSchedulerCallable]):
    """A schedule of the learning rate.

    Attributes:
        interval: Whether it steps after each training step or each epoch.
    """

    interval: Interval = "epoch"


@dataclass(frozen=True)
class Regularizer:
    """One method against overfitting. It is a callback, or it changes the network.

    Attributes:
        words: Its name in the tables.
        page: The guide's page on it, below the guide's address.
        callback: Makes the callback for a training.
        change: Called with a new network, which it changes in place.
    """

    words: str
    page: str
    callback: Callable[[], pl.Callback] | None = None
    change: Initializer | None = None


HE: Part[Initializer] = Part("He", "gradients/initialization", partial(initialize, scheme="he"))
LECUN: Part[Initializer] = Part("LeCun", "gradients/initialization", partial(initialize, scheme="lecun"))

RELU: Part[Activation] = Part("ReLU", "gradients/activations", nn.ReLU)
SWISH: Part[Activation] = Part("Swish", "gradients/activations", nn.SiLU)
SELU: Part[Activation] = Part("SELU", "gradients/activations", nn.SELU)

NO_NORMALIZATION: Part[None] = Part("none", "gradients/batch_norm", None)
BATCH_NORM: Part[Normalization] = Part("batch norm", "gradients/batch_norm", nn.BatchNorm1d)

EARLY_STOPPING = Regularizer(
    "early stopping",
    "regularization",
    callback=partial(RestoringEarlyStopping, monitor="val/loss", patience=10),
)
WEIGHT_DECAY = Regularizer("weight decay", "regularization/penalties", callback=partial(L2Penalty, 1e-4))
ALPHA_DROPOUT = Regularizer(
    "alpha dropout",
    "regularization/dropout",
    change=partial(add_dropout, rate=0.1, dropout=nn.AlphaDropout),
)


def _nesterov(rate: float) -> OptimizerCallable:
    # Fused, a step takes a third of the time or less.
    return partial(torch.optim.SGD, lr=rate, momentum=0.9, nesterov=True, fused=True)


NESTEROV: Part[OptimizerCallable] = Part("Nesterov", "optimizers/nesterov", _nesterov(0.01))
# Twenty SELU layers ended in NaN at a rate of 0.03, and learned better at 0.003 than at 0.01.
SLOW_NESTEROV: Part[OptimizerCallable] = Part("Nesterov", "optimizers/nesterov", _nesterov(0.003))
ADAMW: Part[OptimizerCallable] = Part(
    "AdamW", "optimizers/adamw", partial(torch.optim.AdamW, lr=1e-3, fused=True)
)

PERFORMANCE = Schedule("performance", "schedules/performance", Plateau)
ONE_CYCLE = Schedule("1cycle", "schedules/one_cycle", OneCycle, interval="step")
