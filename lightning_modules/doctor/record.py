"""What a doctor knows of a run: measurements, and nothing else. Rules read it, and it does not grow with the run."""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

FIRST = 10
"""The first steps are kept apart, each of them."""
LAST = 8
"""Of the later observed steps so many are kept, the last ones."""


@dataclass
class Thinned:
    """The means of a number over stretches of steps, which grow twice as long whenever there are too many of them.

    >>> series = Thinned(limit=4)
    >>> for value in range(12):
    ...     series.add(float(value))
    >>> series.values, series.width
    ([0.5, 2.5, 4.5, 6.5, 8.5, 10.5], 2)

    Attributes:
        limit: Twice so many stretches are too many.
        width: How many numbers a stretch has.
        values: The stretches' means.
        waiting: The sum of the stretch that is not full yet.
        count: Of how many numbers.
    """

    limit: int = 200
    width: int = 1
    values: list[float] = field(default_factory=list)
    waiting: float = 0.0
    count: int = 0

    def add(self, value: float) -> None:
        """One more number."""
        self.waiting += value
        self.count += 1
        if self.count < self.width:
            return
        self.values.append(self.waiting / self.count)
        self.waiting, self.count = 0.0, 0
        if len(self.values) == 2 * self.limit:
            pairs = zip(self.values[::2], self.values[1::2], strict=True)
            self.values = [(one + other) / 2 for one, other in pairs]
            self.width *= 2

    def all(self) -> list[float]:
        """The means, that of the stretch which is not full included."""
        return [*self.values, self.waiting / self.count] if self.count else list(self.values)


@dataclass
class LayerSeen:
    """What one call gave out in one step.

    Attributes:
        operation: Such as "linear", "conv2d", "relu".
        name: Of the layer whose weights it used; for an activation that of the layer before.
        rms: The root of the mean square.
        spread: The standard deviation over the items of a batch, in the mean over everything else.
        dead: The share of units that were 0 for every item.
        saturated: The share of numbers near a bound of the activation.
        units: How many there are: channels of a convolution, else features.
    """

    operation: str
    name: str
    rms: float
    spread: float
    dead: float
    saturated: float
    units: int = 0


@dataclass
class StepSeen:
    """What one step did to the parameters, by their names.

    Attributes:
        step: Which.
        rate: The highest of the groups' rates.
        gradient: The norm of each parameter's gradient, as the optimizer got it.
        weight: The norm of each parameter before the step.
        update: The norm of what the step added.
        size: How many numbers each has.
        unclipped: The norm of the whole gradient before it was clipped; NaN where nobody said.
        decay: The norm of what weight decay adds to the gradient; of AdamW and its kin, to the step.
        decoupled: Whether it adds to the step.
    """

    step: int
    rate: float
    gradient: dict[str, float]
    weight: dict[str, float]
    update: dict[str, float]
    size: dict[str, int]
    unclipped: float
    decay: float
    decoupled: bool


@dataclass
class LossSeen:
    """The loss function that was called, and what it was given, over all observed steps.

    Attributes:
        kind: "cross_entropy", "mse_loss", …; "difference" where a program squares a difference by itself.
        before: The activation that produced its input; "" where none did.
        reduction: "mean", "sum", or "none".
        outputs: How many scores an item has.
        indices: Whether targets are class numbers.
        input_shape: Of the first call.
        target_shape: Of the first call.
        input_low: The smallest number that it was given.
        input_high: The largest.
        normalized: Whether each item's numbers summed to 1 and none was negative, in all calls.
        log_normalized: Whether their exponentials did.
        target_low: The smallest target.
        target_high: The largest.
        whole_targets: Whether all targets were whole numbers.
        broadcast: Whether its two arguments had different shapes of as many numbers.
        counts: How often each class was seen.
        target_sums: For each column of targets: how many, their sum, the sum of their squares.
        within: The sum over observed batches of how mixed a batch's own targets are, entropy or variance.
        batches: Over how many.
        values: Of the last observed steps: step, value, share of right answers (NaN where there is none).
        first_values: Of the first ones, likewise.
        output_spread: Of the same steps: the deviation of outputs over the items, in the mean over outputs.
        total_share: What the call was of the whole loss, in the last observed step.
        first_share: The same, in the first.
        ignored: The number that targets have where they do not count.
        alone: Whether it was the only call of a loss function, in each step.
        floors: What a perfect answer costs where targets are shares and no classes: of how many items, the sum.
    """

    kind: str
    before: str
    reduction: str
    outputs: int
    indices: bool
    input_shape: list[int]
    target_shape: list[int]
    input_low: float = float("inf")
    input_high: float = float("-inf")
    normalized: bool = True
    log_normalized: bool = True
    target_low: float = float("inf")
    target_high: float = float("-inf")
    whole_targets: bool = True
    broadcast: bool = False
    counts: dict[int, int] = field(default_factory=dict)
    target_sums: list[list[float]] = field(default_factory=list)
    within: float = 0.0
    batches: int = 0
    values: list[list[float]] = field(default_factory=list)
    first_values: list[list[float]] = field(default_factory=list)
    output_spread: list[float] = field(default_factory=list)
    total_share: float = 1.0
    first_share: float = 1.0
    ignored: int = -100
    alone: bool = True
    floors: list[float] = field(default_factory=lambda: [0.0, 0.0])


@dataclass
class Inputs:
    """What the first layer with weights was given, over the observed steps.

    Attributes:
        rms: The root of the mean square, in each of the first steps.
        mean: Their means.
        spread: Over the items, in the mean over everything else.
        largest: The largest absolute value.
        dynamic: The largest spread of a feature, divided by the median one.
        normalized: Whether a normalization stands before the first layer.
        tokens: Whether they are numbers of an embedding.
    """

    rms: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    spread: list[float] = field(default_factory=list)
    largest: float = 0.0
    dynamic: float = 1.0
    normalized: bool = False
    tokens: bool = False


@dataclass
class Facts:
    """What can be read from the module, the optimizers and the Trainer.

    Attributes:
        parameters: How many numbers of the module are to be trained.
        unheld: How many of them no optimizer holds, though they get a gradient.
        foreign: How many numbers the optimizers hold that are not the module's and got no gradient in the first steps.
        listed: How many numbers are in layers that stand in a plain list, and get a gradient.
        without_gradient: How many numbers an optimizer holds that got no gradient in the first steps, though their
            layer was used.
        unused: The same, of layers that were not used.
        frozen: How many numbers of the module are frozen.
        identical: The names of layers whose units are all the same after the first steps.
        evaluating: How many modules that act otherwise in evaluation were in it, in whole parts, while training.
        evaluating_since: At which step.
        alpha_dropout: How many alpha dropouts stand after something else than SELU.
        double_norms: How many normalizations stand right after another one.
        smallest_batch: Items of the smallest batch that was observed but the last of an epoch.
        batch_norms: How many batch normalizations there are.
        dropout: The highest probability of a dropout.
        narrowest: Units of the narrowest hidden layer; 0 where there is none.
        optimizers: How many there are. Of several, none has a loss by which a run could be judged.
        optimizer: The first optimizer's class.
        schedule: The first schedule's class; "" without one.
        schedule_length: After how many of its steps it says that it ends; 0 if it does not say.
        schedule_every: "step" or "epoch".
        expected_steps: How many optimizer steps the run has been asked for; 0 if nobody knows.
        expected_epochs: How many epochs.
        clip_norm: The norm that gradients are clipped to; 0 without.
        accumulate: Over how many batches gradients are added up.
        stale_gradients: In how many steps gradients of the step before were still there.
        checked_gradients: In how many steps that was asked.
        stopped_early: Whether an early stopping ended the run.
        patience: Its patience; -1 without one.
        saturating: How many sigmoids and tanhs were called in the first step.
        recurrent: Whether a recurrent layer was.
        layers: How many layers with weights were called in the first step.
        order: The names of their weights, in the order of the calls.
        finished: Whether training has ended.
    """

    parameters: int = 0
    unheld: int = 0
    foreign: int = 0
    listed: int = 0
    without_gradient: int = 0
    unused: int = 0
    frozen: int = 0
    identical: list[str] = field(default_factory=list)
    evaluating: int = 0
    evaluating_since: int = 0
    alpha_dropout: int = 0
    double_norms: int = 0
    smallest_batch: int = 0
    batch_norms: int = 0
    dropout: float = 0.0
    narrowest: int = 0
    optimizers: int = 1
    optimizer: str = ""
    schedule: str = ""
    schedule_length: int = 0
    schedule_every: str = ""
    expected_steps: int = 0
    expected_epochs: int = 0
    clip_norm: float = 0.0
    accumulate: int = 1
    stale_gradients: int = 0
    checked_gradients: int = 0
    stopped_early: bool = False
    patience: int = -1
    saturating: int = 0
    recurrent: bool = False
    layers: int = 0
    order: list[str] = field(default_factory=list)
    finished: bool = False


@dataclass
class Validation:
    """One validation: the same loss function on other items.

    Attributes:
        step: After which step.
        loss: The mean over the batches that were watched.
        accuracy: The share of right answers; NaN where there is none.
        spread: Of the inputs, over the items.
        mean: Of the inputs.
        training: How many modules were in training mode that act otherwise in evaluation.
    """

    step: int
    loss: float
    accuracy: float
    spread: float
    mean: float
    training: int


@dataclass
class Learnable:
    """What simple methods make of a sample of the items that training has drawn, each item left out in turn.

    Attributes:
        items: How many there were.
        skill: Of ridge regression or nearest neighbors, whichever was better: by how much they beat the best
            constant answer, from 0 to 1; of a classification in right answers, of a regression in squares.
        error: The standard error of that, where there is nothing to learn.
    """

    items: int = 0
    skill: float = float("nan")
    error: float = float("nan")


@dataclass
class Record:
    """All measurements of a run.

    Attributes:
        batches: How many training batches there were.
        steps: How many optimizer steps.
        first_losses: Of the first 50 batches.
        losses: Of all, thinned.
        nonfinite: The first batch whose loss was NaN or infinite; -1 without one.
        nonfinite_inputs: The first batch whose inputs were; -1 without one.
        loss: The loss function, where one was seen.
        validation_loss: The one of validation.
        inputs: Of the first layer.
        layers_first: For each of the first observed steps, what its calls gave out.
        layers_last: For the last ones.
        steps_first: What each of the first steps did.
        steps_last: What the last ones did that were measured.
        updates: The length of a step beside that of all weights, over the run.
        gradients: The norm of the whole gradient, over the run.
        rates: The highest rate, over the run.
        clipped: In how many measured steps the gradient was shortened.
        measured: In how many steps that could have been seen.
        nonfinite_gradients: The first measured step with a gradient that was NaN or infinite; -1 without one.
        facts: Of module, optimizers and Trainer.
        validations: The last of them, and the one with the lowest loss first.
        learnable: What simple methods make of a sample.
        shared_items: How many watched items of validation are training items.
        validation_items: Of how many.
        repeated_items: The share of training items that were seen more than once in the first epoch.
        travel: How far weights are from where they began, beside their length.
        probe: Of a copy the loss at its beginning, and after some steps at a tenth, at one and at ten times the rate.
        error: The class of the error that ended the run; "".
    """

    batches: int = 0
    steps: int = 0
    first_losses: list[float] = field(default_factory=list)
    losses: Thinned = field(default_factory=Thinned)
    nonfinite: int = -1
    nonfinite_inputs: int = -1
    loss: LossSeen | None = None
    validation_loss: LossSeen | None = None
    inputs: Inputs = field(default_factory=Inputs)
    layers_first: list[list[LayerSeen]] = field(default_factory=list)
    layers_last: list[list[LayerSeen]] = field(default_factory=list)
    steps_first: list[StepSeen] = field(default_factory=list)
    steps_last: list[StepSeen] = field(default_factory=list)
    updates: Thinned = field(default_factory=Thinned)
    gradients: Thinned = field(default_factory=Thinned)
    rates: Thinned = field(default_factory=Thinned)
    clipped: int = 0
    measured: int = 0
    nonfinite_gradients: int = -1
    facts: Facts = field(default_factory=Facts)
    validations: list[Validation] = field(default_factory=list)
    learnable: Learnable = field(default_factory=Learnable)
    shared_items: int = 0
    validation_items: int = 0
    repeated_items: float = 0.0
    travel: float = float("nan")
    probe: list[float] = field(default_factory=list)
    error: str = ""


def keep_last(kept: list[Any], more: Any) -> None:
    """Append, and let go of what is older than the last ones."""
    kept.append(more)
    del kept[:-LAST]


def numbers(tensors: Iterable[Tensor]) -> list[float]:
    """Single numbers of several devices and types, with one wait for each device."""
    found = [tensor.detach().float().reshape(()) for tensor in tensors]
    if len({tensor.device for tensor in found}) > 1:
        return [float(tensor) for tensor in found]
    values: list[float] = torch.stack(found).tolist() if found else []
    return values


def restored(kind: Any, state: Any) -> Any:
    """A dataclass from what `dataclasses.asdict` made of it.

    >>> from dataclasses import asdict
    >>> restored(Record, asdict(Record(loss=None, losses=Thinned(limit=7)))).losses.limit
    7

    Args:
        kind: The class.
        state: The dictionary.
    """
    hints = get_type_hints(kind)
    known = [entry.name for entry in fields(kind) if entry.name in state]
    return kind(**{name: _value(hints[name], state[name]) for name in known})


def _value(hint: Any, state: Any) -> Any:
    """As the hint of a field says: a dataclass, a list of them, or what needs no change."""
    inner = next((one for one in get_args(hint) if one is not type(None)), None)
    if state is None or (inner is None and not is_dataclass(hint)):
        return state
    if get_origin(hint) is list:
        return [_value(inner, part) for part in state]
    kind = hint if is_dataclass(hint) else inner
    return restored(kind, state) if is_dataclass(kind) else state
