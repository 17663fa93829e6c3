"""From the calls of loss functions in observed steps to what is known of the run's loss."""

import math

import torch
from torch import Tensor

from lightning_modules.doctor.calls import MOST_NUMBERS, LossCall
from lightning_modules.doctor.record import FIRST, LossSeen, keep_last

CLASSIFICATIONS = {"cross_entropy", "nll_loss", "multi_margin_loss"}
BINARY = {"binary_cross_entropy", "binary_cross_entropy_with_logits", "soft_margin_loss"}
REGRESSIONS = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "difference"}
_MOST_CLASSES = 2000
_MOST_COLUMNS = 256
_ROUNDING = 1e-3


def main_call(calls: list[LossCall], loss: float | None) -> LossCall | None:
    """The call that the step's loss is made of: the one whose value is nearest, a loss function before a difference."""
    named = [call for call in calls if call.kind != "difference"] or calls
    known = [call for call in named if call.value is None or call.value.numel() >= 1]
    if not known:
        return None
    if loss is None or not math.isfinite(loss):
        return known[-1]
    return min(known, key=lambda call: abs(_value(call) - loss))


def _value(call: LossCall) -> float:
    return math.inf if call.value is None else float(call.value.float().mean())


@torch.no_grad()
def take(seen: LossSeen | None, call: LossCall, step: int, loss: float | None) -> LossSeen | None:
    """Add what one call shows.

    Args:
        seen: What is known.
        call: The step's main call.
        step: Which step.
        loss: What the step's loss was.
    """
    inputs, target = _some_items(call.inputs, call.target)
    value = _value(call)
    if call.kind == "difference":
        reduction = _reduction_of(call, loss)
        if reduction is None:
            return seen
        call.reduction = reduction
    is_classes = call.kind in CLASSIFICATIONS and not target.is_floating_point()
    if seen is None or seen.kind != call.kind:
        if seen is not None and seen.batches > 2:
            return seen
        seen = LossSeen(
            call.kind,
            call.before,
            call.reduction,
            inputs.shape[1] if call.kind in CLASSIFICATIONS and inputs.ndim > 1 else inputs[0].numel(),
            is_classes,
            list(inputs.shape),
            list(target.shape),
            ignored=call.ignored,
        )
    seen.before = call.before or seen.before
    if inputs.numel() == 0 or target.numel() == 0:
        return seen
    low, high = float(inputs.min()), float(inputs.max())
    seen.input_low, seen.input_high = min(seen.input_low, low), max(seen.input_high, high)
    dim = 1 if inputs.ndim > 1 else 0
    seen.normalized &= inputs.ndim > 1 and low >= 0 and _sums_to_one(inputs, dim)
    seen.log_normalized &= inputs.ndim > 1 and high <= _ROUNDING and _sums_to_one(inputs.exp(), dim)
    seen.broadcast |= inputs.numel() == target.numel() and _grows(inputs.shape, target.shape)
    accuracy = _take_classes(seen, inputs, target) if is_classes else _take_numbers(seen, inputs, target)
    if math.isfinite(value) and loss:
        seen.total_share = value / loss
        seen.first_share = seen.total_share if seen.batches == 0 else seen.first_share
    spread = (
        float(inputs.reshape(len(inputs), -1).std(0, correction=0).mean()) if len(inputs) > 1 else math.nan
    )
    if len(seen.first_values) < FIRST:
        seen.first_values.append([step, value, accuracy])
    keep_last(seen.values, [step, value, accuracy])
    keep_last(seen.output_spread, spread)
    seen.batches += 1
    return seen


def _some_items(inputs: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both, with at least one dimension; of very many items, some."""
    if inputs.ndim == 0:
        inputs, target = inputs.reshape(1), target.reshape(-1)
    if inputs.numel() > MOST_NUMBERS and target.ndim > 0 and len(target) == len(inputs):
        keep = max(MOST_NUMBERS * len(inputs) // inputs.numel(), 2)
        inputs, target = inputs[:keep], target[:keep]
    return inputs.float(), target


def _reduction_of(call: LossCall, loss: float | None) -> str | None:
    """Whether the loss is the mean or the sum of the squares of this difference; None if it is neither."""
    if loss is None or call.value is None:
        return None
    mean = float(call.value)
    for reduction, factor in (("mean", 1.0), ("sum", float(max(call.inputs.numel(), 1)))):
        if math.isclose(mean * factor, loss, rel_tol=_ROUNDING):
            return reduction
    broadcast = call.inputs.shape != call.target.shape
    return "mean" if broadcast and math.isclose(mean, loss, rel_tol=0.05) else None


def _grows(one: torch.Size, other: torch.Size) -> bool:
    """Whether tensors of these shapes make a larger one together."""
    try:
        together: int = math.prod(torch.broadcast_shapes(one, other))
    except RuntimeError:
        return False
    return together > math.prod(one)


def _sums_to_one(values: Tensor, dim: int) -> bool:
    return bool((values.sum(dim) - 1).abs().max() < _ROUNDING)


def _take_classes(seen: LossSeen, inputs: Tensor, target: Tensor) -> float:
    flat = target.reshape(-1)
    flat = flat[flat != seen.ignored]
    if len(flat) == 0:
        return math.nan
    classes, counts = flat.unique(return_counts=True)
    seen.target_low = min(seen.target_low, float(classes.min()))
    seen.target_high = max(seen.target_high, float(classes.max()))
    seen.within += entropy(counts.tolist())
    for label, count in zip(classes.tolist(), counts.tolist(), strict=True):
        if label in seen.counts or len(seen.counts) < _MOST_CLASSES:
            seen.counts[label] = seen.counts.get(label, 0) + count
    if inputs.ndim < 2:
        return math.nan
    right = inputs.argmax(1) == target
    return float(right[target != seen.ignored].float().mean())


def _take_numbers(seen: LossSeen, inputs: Tensor, target: Tensor) -> float:
    numbers = target.float()
    numbers = numbers.reshape(len(numbers), -1) if numbers.ndim > 0 else numbers.reshape(1, 1)
    if numbers.shape[1] > _MOST_COLUMNS:
        numbers = numbers.reshape(-1, 1)
    seen.target_low = min(seen.target_low, float(numbers.min()))
    seen.target_high = max(seen.target_high, float(numbers.max()))
    seen.whole_targets &= bool((numbers == numbers.round()).all())
    if seen.whole_targets and numbers.shape[1] == 1 and len(seen.counts) <= _MOST_CLASSES:
        for label, count in zip(*(part.tolist() for part in numbers.unique(return_counts=True)), strict=True):
            seen.counts[int(label)] = seen.counts.get(int(label), 0) + count
    columns = numbers.double()
    found = torch.stack([torch.full_like(columns[0], len(columns)), columns.sum(0), columns.square().sum(0)])
    if not seen.target_sums:
        seen.target_sums = [[0.0] * columns.shape[1] for _ in range(3)]
    if len(seen.target_sums[0]) == columns.shape[1]:
        seen.target_sums = [
            [one + other for one, other in zip(row, more, strict=True)]
            for row, more in zip(seen.target_sums, found.tolist(), strict=True)
        ]
    if seen.kind in ("cross_entropy", *BINARY) and seen.target_low >= 0 and seen.target_high <= 1:
        own = -torch.special.xlogy(columns, columns)
        if seen.kind in BINARY:
            own -= torch.special.xlogy(1 - columns, 1 - columns)
        costs = own.mean(1) if seen.kind in BINARY else own.sum(1)
        seen.floors = [seen.floors[0] + len(costs), seen.floors[1] + float(costs.sum())]
    seen.within += float(columns.var(0, correction=0).mean()) if len(columns) > 1 else math.nan
    if seen.kind in BINARY and inputs.numel() == target.numel():
        bar = 0.5 if seen.kind == "binary_cross_entropy" else 0.0
        return float(((inputs.reshape(-1) > bar) == (target.reshape(-1) > 0.5)).float().mean())
    if inputs.ndim == 2 and inputs.shape == target.shape and inputs.shape[1] > 1 and is_one_hot(seen):
        return float((inputs.argmax(1) == target.argmax(1)).float().mean())
    return math.nan


def is_one_hot(seen: LossSeen) -> bool:
    """Whether targets look like classes, each a column of its own."""
    if not seen.target_sums or len(seen.target_sums[0]) < 2 or not seen.whole_targets:
        return False
    counts, sums, _ = seen.target_sums
    return seen.target_low == 0 and seen.target_high == 1 and math.isclose(sum(sums), counts[0], rel_tol=1e-6)


def entropy(counts: list[int]) -> float:
    """Of these shares, in nats.

    >>> round(entropy([5, 5]), 4)  # ln 2
    0.6931
    """
    total = sum(counts)
    return -sum(count / total * math.log(count / total) for count in counts if count)


def constant_answer(seen: LossSeen) -> float:
    """What the best constant answer costs, as far as targets were seen; NaN where that is not known.

    Args:
        seen: The loss and its targets.
    """
    if seen.kind in CLASSIFICATIONS and seen.indices and seen.counts:
        counts = list(seen.counts.values())
        # Few items make shares look more uneven than they are.
        return entropy(counts) + (len(counts) - 1) / (2 * sum(counts))
    if not seen.target_sums:
        return math.nan
    counts_, sums, squares = seen.target_sums
    means = [total / count for total, count in zip(sums, counts_, strict=True)]
    if seen.kind == "cross_entropy":
        return -sum(mean * math.log(mean) for mean in means if mean > 0)
    if seen.kind in BINARY:
        return sum(entropy_of_share(mean) for mean in means) / len(means)
    if seen.kind in ("mse_loss", "difference"):
        parts = zip(squares, counts_, means, strict=True)
        return sum(max(square / count - mean**2, 0.0) for square, count, mean in parts) / len(means)
    return math.nan


def perfect_answer(seen: LossSeen) -> float:
    """What an answer costs that is right everywhere; more than 0 where targets are shares.

    Args:
        seen: The loss and its targets.
    """
    items, total = seen.floors
    return total / items if items else 0.0


def entropy_of_share(share: float) -> float:
    """Of a share and the rest, in nats."""
    return -sum(part * math.log(part) for part in (share, 1 - share) if 0 < part < 1)


def largest_share(seen: LossSeen) -> float:
    """The share of right answers that always saying the commonest class gets; NaN for a regression."""
    if seen.kind in CLASSIFICATIONS and seen.indices and seen.counts:
        return max(seen.counts.values()) / sum(seen.counts.values())
    if seen.target_sums and seen.kind in BINARY:
        counts, sums, _ = seen.target_sums
        shares = [total / count for total, count in zip(sums, counts, strict=True)]
        return sum(max(share, 1 - share) for share in shares) / len(shares)
    if is_one_hot(seen):
        counts, sums, _ = seen.target_sums
        return max(sums) / counts[0]
    return math.nan
