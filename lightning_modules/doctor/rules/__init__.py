"""The faults that a doctor knows, a row each: adding one is a function and its row."""

from collections.abc import Callable

from lightning_modules.doctor.diagnosis import Finding
from lightning_modules.doctor.outcome import Outcome
from lightning_modules.doctor.record import Record
from lightning_modules.doctor.rules import (
    activations,
    generalization,
    gradients,
    inputs,
    losses,
    nonfinite,
    optimizer,
    rates,
    structure,
    targets,
)

Rule = Callable[[Record, Outcome], Finding | None]

RULES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    (("nan-inputs",), inputs.nan_inputs),
    (("foreign-parameters",), structure.foreign_parameters),
    (("layers-in-a-list",), structure.layers_in_a_list),
    (("parameters-not-in-optimizer",), structure.parameters_not_in_optimizer),
    (("no-gradient",), structure.no_gradient),
    (("frozen-parameters",), structure.frozen),
    (("identical-units",), structure.identical_units),
    (("evaluation-mode",), structure.evaluation_mode),
    (("conflicting-parts",), structure.conflicting_parts),
    (("shifted-labels", "labels-out-of-range"), targets.labels_out_of_range),
    (("constant-labels",), targets.constant_labels),
    (("constant-inputs",), inputs.constant_inputs),
    (("softmax-before-cross-entropy",), losses.softmax_before_cross_entropy),
    (("sigmoid-before-bce-with-logits",), losses.sigmoid_before_bce_with_logits),
    (("bce-without-sigmoid",), losses.bce_without_sigmoid),
    (("nll-without-log-softmax",), losses.nll_without_log_softmax),
    (("single-output",), losses.single_output),
    (("broadcast-loss",), losses.broadcast_loss),
    (("output-activation",), losses.output_activation),
    (("wrong-loss",), losses.class_numbers_as_quantities),
    (("wrong-loss",), losses.squared_classes),
    (("summed-loss",), losses.summed_loss),
    (("missing-zero-grad",), optimizer.missing_zero_grad),
    (("not-shuffled",), targets.not_shuffled),
    (("training-items-in-validation",), generalization.leaked_items),
    (("validation-mode",), generalization.validation_mode),
    (("validation-scale",), generalization.validation_scale),
    (("schedule-interval",), optimizer.schedule_interval),
    (("clipped-always",), optimizer.clipped_always),
    (("double-normalization",), inputs.double_normalization),
    (("raw-inputs",), inputs.raw_inputs),
    (("target-scale",), targets.target_scale),
    (("nan-in-the-loss",), nonfinite.nan_loss),
    (("vanishing-gradients",), gradients.vanishing_gradients),
    (("bad-initialization",), gradients.bad_initialization),
    (("exploding-gradients",), gradients.exploding_gradients),
    (("dead-units",), activations.dead_units),
    (("saturated-units",), activations.saturated_units),
    (("rate-too-high",), rates.rate_too_high),
    (("oscillation",), rates.oscillation),
    (("rate-too-low",), rates.rate_too_low),
    (("over-regularization",), generalization.over_regularization),
    (("small-batch-statistics",), generalization.small_batch_statistics),
    (("shuffled-labels",), targets.shuffled_labels),
    (("noisy-labels",), targets.noisy_labels),
    (("overfitting",), generalization.overfitting),
    (("stopped-too-early",), generalization.stopped_too_early),
    (("underfitting",), generalization.underfitting),
    (("constant-answer",), generalization.constant_answer),
)
"""What each may find, and the function that does."""

NAMES = tuple(dict.fromkeys(name for names, _ in RULES for name in names))
"""Every finding's name."""
