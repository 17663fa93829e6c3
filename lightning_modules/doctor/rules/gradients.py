"""Gradients that are lost or grow on their way through the layers."""

import math

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.first_steps import early, gradient_ratio, growth, median, spread_left
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record

_LOST = 1e-3
_GROWN = 30.0
_FAR = 6.0
_SWOLLEN = 1e3


def vanishing_gradients(record: Record, outcome: Outcome) -> Finding | None:
    """From the beginning the first layers get a tiny part of the last ones' gradient."""
    if not outcome.is_bad or not record.steps_first or record.facts.layers < 3:
        return None
    ratios = [gradient_ratio(step, record.facts.order) for step in early(record)]
    ratio = max(median(ratios), ratios[0] if math.isfinite(ratios[0]) else 0.0)  # not what a step has broken
    left = spread_left(record.layers_first[0]) if record.layers_first else math.nan
    if not (ratio < _LOST or (left < 0.02 and ratio < 0.1)):
        return None
    return Finding(
        "vanishing-gradients",
        0,
        {"gradient of the first layer by the last ones'": ratio, "spread that is left": left},
        "Use ReLU or its followers with He's initialization, normalization between the layers, or skip connections.",
        "symptoms/#the-first-layers-do-not-move",
        0.88,
    )


def bad_initialization(record: Record, outcome: Outcome) -> Finding | None:
    """The first loss is many times what guessing costs, and it is not the inputs: the network is sure of nonsense."""
    loss, inputs = record.loss, record.inputs
    if loss is None or not outcome.is_bad or not outcome.constant > 0 or not record.first_losses:
        return None
    beyond = record.first_losses[0] / outcome.constant
    rms = median(inputs.rms)
    if not beyond > (_FAR if loss.indices else _FAR**2) or (rms > 4 and not inputs.normalized):
        return None
    if loss.target_sums and math.sqrt(sum(loss.target_sums[2]) / sum(loss.target_sums[0])) > 4:
        return None
    return Finding(
        "bad-initialization",
        0,
        {"first loss by the best constant answer's": beyond, "root mean square of inputs": rms},
        "Draw smaller weights: lightning_modules.initialize chooses them by the activation.",
        "gradients/initialization/",
        0.85,
    )


def exploding_gradients(record: Record, outcome: Outcome) -> Finding | None:
    """From the beginning gradients or outputs grow from layer to layer."""
    if not outcome.is_bad or not record.steps_first:
        return None
    first = record.steps_first[0]
    ratio, grown = (
        gradient_ratio(first, record.facts.order),
        growth(record.layers_first[0]) if record.layers_first else math.nan,
    )
    gradients = [math.hypot(*step.gradient.values()) for step in record.steps_first]
    is_deep = record.facts.layers >= 4 or record.facts.recurrent
    steep = is_deep and (ratio > _GROWN or grown > _GROWN or not math.isfinite(gradients[0]))
    norms = record.gradients.all()
    swells = not outcome.is_finite and len(norms) > 1 and max(norms) > _SWOLLEN * norms[0]
    if not steep and not swells:
        return None
    return Finding(
        "exploding-gradients",
        0,
        {
            "gradient of the first layer by the last ones'": ratio,
            "outputs grow by": grown,
            "norm": gradients[0],
        },
        "Initialize by the activation (lightning_modules.initialize), normalize between layers, and clip gradients.",
        "symptoms/#the-loss-is-nan",
        0.86 if steep else 0.65,
    )
