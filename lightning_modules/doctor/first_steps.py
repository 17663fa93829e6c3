"""What the first steps look like: the signs by which a bad beginning is told from another one."""

import math
from collections.abc import Iterable

from lightning_modules.doctor.calls import LAYERS, RECURRENT
from lightning_modules.doctor.record import LayerSeen, Record, StepSeen


def weighted(layers: Iterable[LayerSeen]) -> list[LayerSeen]:
    """The calls of layers that have weights."""
    return [layer for layer in layers if layer.operation in LAYERS | RECURRENT]


def spread_left(layers: list[LayerSeen]) -> float:
    """How much of a batch's spread beside its size gets to the last hidden layer, of that at the first one."""
    seen = weighted(layers)
    shares = [layer.spread / layer.rms if layer.rms > 0 else 0.0 for layer in seen]
    if len(shares) < 2 or not shares[0] > 0:
        return math.nan
    return shares[-1] / shares[0]


def growth(layers: list[LayerSeen]) -> float:
    """How much larger what the last layer gives out is than what the first one does."""
    seen = weighted(layers)
    return seen[-1].rms / seen[0].rms if len(seen) > 1 and seen[0].rms > 0 else math.nan


def dead_share(layers: list[LayerSeen]) -> float:
    """Of the layer with the most dead units."""
    return max((layer.dead for layer in layers if layer.operation in ("relu", "relu6")), default=0.0)


def saturated_share(layers: list[LayerSeen]) -> float:
    """Of the hidden layer with the most saturated numbers; the last activation may be the output's own."""
    shares = [layer.saturated for layer in layers if layer.operation in ("sigmoid", "tanh")]
    return max(shares, default=0.0)


def gradient_ratio(step: StepSeen, order: list[str]) -> float:
    """Gradient per number: that of the first weights beside the largest of the later ones', in the `order` of calls."""
    names = order or [name for name in step.gradient if name.endswith(("weight", "weight_ih_l0"))]
    per_number = [
        step.gradient[name] / math.sqrt(step.size[name])
        for name in names
        if name in step.gradient and step.size[name] > 1
    ]
    if len(per_number) < 2 or not max(per_number[1:]) > 0:
        return math.nan
    return per_number[0] / max(per_number[1:])


def relative_update(step: StepSeen) -> float:
    """The longest step of a weight beside the weight itself."""
    found = [
        step.update[name] / step.weight[name]
        for name in step.update
        if step.weight[name] > 0 and step.size[name] > 1 and not name.endswith("bias")
    ]
    return max(found, default=math.nan)


def early(record: Record) -> list[StepSeen]:
    """The first steps without the very first, in which a head of zeros passes no gradient."""
    return record.steps_first[1:] or record.steps_first


def median(values: Iterable[float]) -> float:
    """Of those that are known.

    >>> median([3.0, float("nan"), 1.0, 2.0])
    2.0
    """
    known = sorted(value for value in values if math.isfinite(value))
    return known[len(known) // 2] if known else math.nan
