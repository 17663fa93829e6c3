r"""The learning-rate range test: raise the rate at each step until the loss blows up, and look where it fell fastest.

From a low rate to a high one in k steps, each rate is the same number of times the one before it. Two rates are read
off the smoothed loss, plotted over the logarithm of the rate:

    steepest   where the loss falls fastest
    valley     the middle of the longest sequence of ever lower losses

The highest rate at which training does not blow up lies several times above both. A range test says where to search:
it takes a hundred steps from fresh weights, and the best rate of a whole run may be another.

Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017. https://arxiv.org/abs/1506.01186
The valley is fastai's suggestion. https://docs.fast.ai/callback.schedule.html
"""

import copy
import math
import warnings
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
from lightning_fabric.utilities.exceptions import MisconfigurationException
from pytorch_lightning import callbacks as theirs
from torch import Tensor
from torch.optim import Optimizer

from lightning_modules.either_lightning import refuse_lightning
from lightning_modules.quiet import quiet_trainer
from lightning_modules.schedules.measurements import NEVER, Measurements
from lightning_modules.schedules.schedule import set_rate
from lightning_modules.snapshot import Undo
from lightning_modules.table import Report, Table
from lightning_modules.trainer_callbacks import callbacks_of, listed
from lightning_modules.trial_run import TrialRun, fit_and_undo

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BLOWN_UP = 4.0
"""The test stops when the loss is this many times the lowest so far."""
_NEIGHBOURS = 0.05
"""Losses are averaged over this part of the steps to each side."""
_FOR_WHOLE_RUNS = (
    theirs.Checkpoint,
    theirs.EarlyStopping,
    theirs.LearningRateFinder,
    theirs.LearningRateMonitor,
    theirs.StochasticWeightAveraging,
    theirs.WeightAveraging,
)
"""What waits for validations, logs the schedule, or replaces rates or weights."""
_FEWEST = 10
"""Fewer steps show nothing."""


@dataclass(frozen=True, repr=False)
class RangeTest(Report):
    """What a range test found: `suggestion` in two numbers, `plot` in a picture.

    >>> losses = [2.0 - math.tanh((step - 30) / 10) for step in range(61)]  # steepest at step 30 of 0 ... 60
    >>> test = RangeTest([10 ** (-4 + step / 15) for step in range(61)], losses, steps=61)
    >>> f"{test.steepest:.2g}, {test.valley:.2g}"  # 10^(−4 + 30/15)
    '0.01, 0.01'
    >>> low, high = test.suggestion
    >>> f"{low:.2g}, {high:.2g}"  # up to a third of the last rate, 1
    '0.01, 0.33'

    Attributes:
        rates: The rate of each step, in the group whose rate is highest.
        losses: The loss of the batch after each of these steps.
        steps: How many steps the test was to make; it stops when the loss blows up.
    """

    rates: list[float]
    losses: list[float]
    steps: int

    @property
    def smoothed(self) -> list[float]:
        """The losses, each the mean of itself and its neighbors; what blew up counts as 4 times the lowest before."""
        lowest = accumulate(self.losses, min)
        losses = [
            min(loss, _BLOWN_UP * low) if low > 0 else loss
            for loss, low in zip(self.losses, lowest, strict=True)
        ]
        reach = self._reach
        windows = [losses[max(i - reach, 0) : i + reach + 1] for i in range(len(losses))]
        return [sum(window) / len(window) for window in windows]

    @property
    def steepest(self) -> float:
        """The rate at which the smoothed loss falls fastest.

        Raises:
            ValueError: If it fell nowhere.
        """
        smoothed = self.smoothed
        slopes = [_slope(smoothed, i, self._reach) for i in range(len(smoothed))]
        steepest = min(range(len(slopes)), key=slopes.__getitem__)
        if not slopes[steepest] < 0:
            raise self._nothing_found()
        return self.rates[steepest]

    @property
    def valley(self) -> float:
        """The rate in the middle, on a logarithmic axis, of the longest sequence of ever lower smoothed losses.

        Raises:
            ValueError: If it fell nowhere.
        """
        places = _longest_descent(self.smoothed)
        if len(places) < 2:
            raise self._nothing_found()
        return math.sqrt(self.rates[places[0]] * self.rates[places[-1]])

    @property
    def suggestion(self) -> tuple[float, float]:
        """The rates to search between: from the steepest point to a third of the rate at which the test ended.

        Raises:
            ValueError: If the loss fell nowhere.
        """
        return self.steepest, max(self.steepest, self.rates[-1] / 3)

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the losses, smoothed ones in bold, over the rates, and mark the steepest point and the valley.

        It is the one thing that this library draws, and needs matplotlib, which is imported here and nowhere else.

        Args:
            axes: Where to; None makes a new figure.

        Returns:
            The axes, with labels and a logarithmic scale.

        Raises:
            ImportError: If there is no matplotlib.
        """
        if axes is None:
            try:
                import matplotlib.pyplot as plt
            except ImportError as error:
                raise ImportError(
                    "RangeTest.plot draws with matplotlib: pip install matplotlib. Or draw its rates, losses and "
                    "smoothed with what you have."
                ) from error
            axes = plt.figure().add_subplot()
        smoothed = self.smoothed
        axes.semilogx(self.rates, self.losses, color="C0", linewidth=0.6)
        axes.semilogx(self.rates, smoothed, color="C0")
        for name in ("steepest", "valley") if self._falls() else ():
            rate = getattr(self, name)
            axes.axvline(rate, color="black", linestyle="--", linewidth=0.8)
            axes.annotate(f" {name}", (rate, 1), xycoords=axes.get_xaxis_transform(), rotation=90, va="top")
        # What blows up at the end would press all the rest to the ground.
        before = max(self.losses[: len(self.losses) // 2])
        margin = 0.1 * (before - min(self.losses)) or 1.0
        axes.set_ylim(min(self.losses) - margin, before + margin)
        axes.set_xlabel("learning rate")
        axes.set_ylabel("training loss")
        return axes

    def table(self) -> Table:
        """What it was, and what it suggests."""
        first, last = self.rates[0], self.rates[-1]
        rows = [("rates", f"{first:.3g} to {last:.3g}"), ("steps", f"{len(self.rates)} of {self.steps}")]
        if self._falls():
            rows += [(name, f"{getattr(self, name):.3g}") for name in ("steepest", "valley")]
        return Table([("", "found"), *rows], left=(0,))

    def summary(self) -> str:
        """The rates that were tried, and those between which to search."""
        found = "the loss fell at none of them"
        if self._falls():
            found = "search between {:.3g} and {:.3g}".format(*self.suggestion)
        return f"rates {self.rates[0]:.3g} to {self.rates[-1]:.3g}, {found}"

    def _falls(self) -> bool:
        smoothed = self.smoothed
        return any(_slope(smoothed, i, self._reach) < 0 for i in range(len(smoothed)))

    @property
    def _reach(self) -> int:
        return max(round(_NEIGHBOURS * self.steps), 1)

    def _nothing_found(self) -> ValueError:
        return ValueError(
            f"The loss fell at no rate from {self.rates[0]:.3g} to {self.rates[-1]:.3g}. Begin lower, end higher, "
            "or look for the fault elsewhere: inputs, initialization, labels."
        )


def range_test(
    model: pl.LightningModule,
    data: Any,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    **trainer_arguments: Any,
) -> RangeTest:
    """Train for some steps at rising rates, look at the loss, and put everything back.

    The optimizer is the module's own. Groups with different rates keep their ratios, where Lightning's
    `Tuner.lr_find` gives all of them one rate. The module's schedules rest, and so do callbacks that are for whole runs,
    such as early stopping and weight averaging. However often the data is gone through, in each step `current_epoch` is
    0: what is tested is how training begins.

    Afterwards the module is as it was, even if the test ends with an error: weights, gradients, batch norm
    statistics and other buffers, metrics, modes, optimizers that it holds, and random numbers.

    >>> from functools import partial
    >>> import torch
    >>> from lightning_modules import MLP, Classifier, Digits
    >>> _ = torch.manual_seed(0)
    >>> model = Classifier(MLP([64, 30, 10]), partial(torch.optim.SGD, lr=0.1))
    >>> found = range_test(model, Digits(), lowest=1e-4)
    >>> 0.01 < found.steepest < 1, 0.01 < found.valley < 1
    (True, True)

    Args:
        model: Any LightningModule.
        data: What `Trainer.fit` takes: a data module or a loader.
        lowest: The first rate, in the group whose rate is highest.
        highest: The last one.
        steps: The number of optimizer steps.
        **trainer_arguments: As in `quiet_trainer`, such as accelerator, precision and accumulate_grad_batches: those
            of the run for which a rate is searched, except for its length.

    Raises:
        ValueError: If the rates do not rise, if there are fewer than 10 steps, if the Trainer is given what the test sets
            itself, if a layer is lazy, or if the loss blew up at once.
        TypeError: If the model or the data is of the package `lightning`; see `with_lightning`.
        MisconfigurationException: With several devices or optimizers, or if all of the optimizer's rates are 0.
    """
    refuse_lightning(model, data)
    if not 0 < lowest < highest < math.inf:
        raise ValueError(f"A range test needs 0 < lowest < highest, got lowest={lowest}, highest={highest}.")
    if steps < _FEWEST:
        raise ValueError(f"A range test needs at least {_FEWEST} steps, got {steps}. 100 is usual.")
    ramp = _Ramp([lowest * (highest / lowest) ** (step / (steps - 1)) for step in range(steps)])
    fixed: dict[str, Any] = {
        "max_epochs": -1,
        "max_steps": steps + 1,  # the last one shows the loss after the one before it
        "limit_val_batches": 0,
        "num_sanity_val_steps": 0,
        "callbacks": [ramp, *listed(trainer_arguments.pop("callbacks", None))],
    }
    clash = sorted(fixed.keys() & trainer_arguments.keys())
    if clash:
        raise ValueError(f"The range test sets {', '.join(clash)} itself. Its length is `steps`.")
    trainer = quiet_trainer(**(trainer_arguments | fixed))
    if trainer.world_size > 1:
        raise MisconfigurationException(
            f"The range test runs on one device, got {trainer.world_size}. Give it the run's batch size per step: "
            "accumulate_grad_batches makes up for the devices."
        )
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "You (defined|passed in) a `val", UserWarning
        )  # nothing is validated here
        error = fit_and_undo(trainer, model, data, lambda: ramp.undo_optimizer())
    if error is not None:
        raise error
    return ramp.result()


class _Ramp(TrialRun):
    """Sets the rates of each step, and collects the losses."""

    def __init__(self, rates: list[float]) -> None:
        self.rates = rates
        self.losses: list[float] = []
        self.undo_optimizer: Undo = lambda: None
        self._shares: list[float | Tensor] = []
        self._batches: list[float] = []
        self._steps = 0

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Send those callbacks away, the module's own too, that judge a run, or end it otherwise than it went."""
        _keep(trainer, lambda callback: not isinstance(callback, _FOR_WHOLE_RUNS))

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Let the module's schedules rest, and find out how the groups' rates relate."""
        for config in trainer.lr_scheduler_configs:
            config.frequency = NEVER
            vars(config.scheduler)["step"] = _rest  # a module that steps by itself goes on calling it
        _keep(trainer, lambda callback: not isinstance(callback, Measurements))
        if len(trainer.optimizers) != 1:
            raise MisconfigurationException(
                f"The range test raises the rates of one optimizer, {type(pl_module).__name__} has "
                f"{len(trainer.optimizers)}."
            )
        (optimizer,) = trainer.optimizers
        state = copy.deepcopy(optimizer.state_dict())
        self.undo_optimizer = lambda: optimizer.load_state_dict(state)
        # A schedule may have changed `lr` when it was made.
        rates = [group.get("initial_lr", group["lr"]) for group in optimizer.param_groups]
        highest = max(float(rate) for rate in rates)
        if highest == 0:
            raise MisconfigurationException(
                "All of the optimizer's rates are 0, so they have no ratios to keep."
            )
        self._shares = [rate / highest for rate in rates]

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Stay in the first epoch. When a later one starts, Lightning has to know it, or it would load no data."""
        trainer.fit_loop.epoch_progress.current.completed = 0

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Set the rates of the step that follows."""
        rate = self.rates[min(self._steps, len(self.rates) - 1)]
        for group, share in zip(optimizer.param_groups, self._shares, strict=True):
            set_rate(group, share * rate)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Keep the loss, the mean of all batches that make up a step, and stop if it has blown up."""
        if not isinstance(outputs, Mapping) or "loss" not in outputs:
            raise MisconfigurationException(
                f"The range test needs the loss that training_step returns; {type(pl_module).__name__} returned none."
            )
        # Lightning hands it over as it was scaled for accumulating gradients.
        self._batches.append(outputs["loss"].item() * trainer.accumulate_grad_batches)
        if trainer.global_step == self._steps:
            return
        self._steps = trainer.global_step
        self.losses.append(sum(self._batches) / len(self._batches))
        self._batches = []
        trainer.should_stop = self._has_blown_up()

    def result(self) -> RangeTest:
        """Pair each rate with the loss after its step."""
        losses = [loss for loss in self.losses[1:] if math.isfinite(loss)]
        if len(losses) < _FEWEST:
            raise ValueError(
                f"The loss blew up at rate {self.rates[max(len(self.losses) - 2, 0)]:.3g}, after "
                f"{len(self.losses)} steps. Begin with a lower rate, or look for the fault elsewhere: inputs, "
                "initialization."
            )
        return RangeTest(self.rates[: len(losses)], losses, len(self.rates))

    def _has_blown_up(self) -> bool:
        if not math.isfinite(self.losses[-1]):
            return True
        means = [
            sum(triple) / 3 for triple in zip(self.losses, self.losses[1:], self.losses[2:], strict=False)
        ]
        return bool(means) and means[-1] > _BLOWN_UP * min(means) > 0


def _rest(*args: Any, **kwargs: Any) -> None:
    """A schedule's step that leaves the rate alone."""


def _keep(trainer: pl.Trainer, is_kept: Callable[[pl.Callback], bool]) -> None:
    # Another list: Lightning is going through this one.
    trainer.callbacks = list(filter(is_kept, callbacks_of(trainer)))  # type: ignore[attr-defined]  # set by a connector


def _slope(values: list[float], place: int, reach: int) -> float:
    """The slope, by least squares, of the values around a place."""
    window = range(max(place - reach, 0), min(place + reach + 1, len(values)))
    center = sum(window) / len(window)
    mean = sum(values[i] for i in window) / len(window)
    return sum((i - center) * (values[i] - mean) for i in window) / sum((i - center) ** 2 for i in window)


def _longest_descent(values: list[float]) -> list[int]:
    """The places of a longest strictly falling subsequence.

    >>> _longest_descent([5.0, 6.0, 4.0, 4.5, 3.0])
    [1, 3, 4]
    """
    # For each length, where the best sequence of that length ends; "best" leaves most room below.
    tails: list[float] = []
    ends: list[int] = []
    before: list[int | None] = []
    for place, value in enumerate(values):
        length = bisect_left(tails, -value)
        before.append(ends[length - 1] if length else None)
        tails[length : length + 1] = [-value]
        ends[length : length + 1] = [place]
    places: list[int] = []
    place_or_none = ends[-1] if ends else None
    while place_or_none is not None:
        places.append(place_or_none)
        place_or_none = before[place_or_none]
    return places[::-1]
