"""What is asked of the stranger's module once it is trained."""

import io

import pytest
import pytorch_lightning as pl
import torch
from fitting import Fit
from pieces import asked_of_a_module, piece
from torch import nn

from lightning_modules import (
    DeepEnsemble,
    InPrecision,
    MCDropout,
    MCPrediction,
    TemperatureScaling,
    abstain,
    calibration_error,
    conflicts,
    deep_ensemble,
    dense_state_dict,
    fit_temperature,
    fold_batch_norm,
    fraction_small,
    limit_of_doubt,
    low_latency,
    mc_dropout,
    plan_folding,
    prune_smallest_,
    selective_accuracy,
    signal,
    sparse_size,
    sparse_state_dict,
    split_parameters,
    temperature_scaling,
    zero_small_,
)

COMPRESSION = "api/compression.md"
ENSEMBLES = "api/calibration.md"
DOUBT = "small_fast_careful.md#a-careful-model"


def trained(fit: Fit) -> pl.LightningModule:
    model = fit.new()
    model.load_state_dict(fit.bare())
    fit.model = model
    return model.eval()


@asked_of_a_module("signal", "api/signal.md")
def _(fit: Fit) -> None:
    model = fit.new()
    report = signal(model, next(iter(fit.loaders()[0])))
    assert report.loss is not None and report.loss > 0
    assert report["head"].gradient_norm > 0


@asked_of_a_module("conflicts", "guidelines.md")
def _(fit: Fit) -> None:
    assert conflicts(fit.new()) == []


@asked_of_a_module("plan_folding", "api/batch_norm.md")
def _(fit: Fit) -> None:
    norms = sum(isinstance(module, nn.BatchNorm2d) for module in fit.new().modules())
    assert [row.obstacle for row in plan_folding(trained(fit), fit.inputs())] == [None] * norms


@asked_of_a_module("fold_batch_norm", "api/batch_norm.md")
def _(fit: Fit) -> None:
    same_answers(fit, fold_batch_norm(trained(fit), fit.inputs()))


@asked_of_a_module("low_latency", COMPRESSION)
def _(fit: Fit) -> None:
    same_answers(fit, low_latency(trained(fit), fit.inputs()))


def same_answers(fit: Fit, folded: nn.Module) -> None:
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    with torch.no_grad():
        assert torch.allclose(folded(fit.inputs()), fit.model(fit.inputs()), atol=1e-5)


@asked_of_a_module("InPrecision", COMPRESSION)
def _(fit: Fit) -> None:
    model = trained(fit)
    with torch.no_grad():
        expected = model(fit.inputs())
        answers = InPrecision(model, torch.bfloat16)(fit.inputs())
    assert next(model.parameters()).dtype == torch.bfloat16
    assert answers.dtype == torch.float32 and torch.allclose(answers, expected, atol=0.1, rtol=0.1)


@asked_of_a_module("mc_dropout", "regularization/mc_dropout.md")
def _(fit: Fit) -> None:
    spread(mc_dropout(trained(fit), fit.inputs(), samples=20, seed=0))


PREDICTS = "Predicts: there are no steps to accumulate and no run to resume."


@piece("MCDropout", "regularization/mc_dropout.md", accumulated=PREDICTS, resumed=PREDICTS)
def _(fit: Fit) -> None:
    model = trained(fit)
    predicts = pl.Trainer(
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        **fit.trainer_arguments(),
    )
    spread(MCPrediction.cat(predicts.predict(MCDropout(model, samples=20), fit.loaders()[1])))


@asked_of_a_module("deep_ensemble", ENSEMBLES)
def _(fit: Fit) -> None:
    spread(deep_ensemble([trained(fit), fit.new()], fit.inputs()))


@piece("DeepEnsemble", ENSEMBLES, accumulated=PREDICTS, resumed=PREDICTS)
def _(fit: Fit) -> None:
    ensemble = DeepEnsemble([trained(fit), fit.new()])
    predicts = pl.Trainer(
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        **fit.trainer_arguments(),
    )
    spread(MCPrediction.cat(predicts.predict(ensemble, fit.loaders()[1])))


def labeled(fit: Fit):
    """The stranger's validation batches as pairs."""
    return [
        (batch["tokens"], batch["label"]) if isinstance(batch, dict) else batch for batch in fit.loaders()[1]
    ]


@asked_of_a_module("temperature_scaling", ENSEMBLES)
def _(fit: Fit) -> None:
    model, found = trained(fit), []
    for temperature in (1.0, 5.0):
        # However hot it is, it comes to the same.
        scaled = temperature_scaling(TemperatureScaling(model, temperature), labeled(fit))
        found.append(temperature * scaled.temperature.item())
    assert found[0] == pytest.approx(found[1], rel=1e-4)


@asked_of_a_module("TemperatureScaling", ENSEMBLES)
def _(fit: Fit) -> None:
    model = trained(fit)
    with torch.no_grad():
        assert torch.allclose(TemperatureScaling(model, 2.0)(fit.inputs()), model(fit.inputs()) / 2)


@asked_of_a_module("fit_temperature", ENSEMBLES)
def _(fit: Fit) -> None:
    model, pairs = trained(fit), labeled(fit)
    with torch.no_grad():
        logits = torch.cat([model(inputs) for inputs, _ in pairs])
    assert fit_temperature(logits, torch.cat([labels for _, labels in pairs])) > 0


@asked_of_a_module("calibration_error", ENSEMBLES)
def _(fit: Fit) -> None:
    model, pairs = trained(fit), labeled(fit)
    with torch.no_grad():
        probabilities = torch.cat([model(inputs).softmax(dim=1) for inputs, _ in pairs])
    report = calibration_error(probabilities, torch.cat([labels for _, labels in pairs]))
    assert 0 < report.expected <= report.largest <= 1


def spread(prediction: MCPrediction) -> None:
    assert torch.allclose(prediction.mean.sum(dim=1), torch.tensor(1.0), atol=1e-2)
    assert bool((prediction.std.mean(dim=1) > 0).all())
    assert bool((prediction.mutual_information <= prediction.entropy + 1e-6).all())


@asked_of_a_module("split_parameters", "regularization/penalties.md")
def _(fit: Fit) -> None:
    model = fit.new()
    split = split_parameters(model)
    assert {**split.penalized, **split.exempt}.keys() == dict(model.named_parameters()).keys()
    assert "head.weight" in split.penalized and "head.bias" in split.exempt


@asked_of_a_module("fraction_small", "regularization/penalties.md")
def _(fit: Fit) -> None:
    model = trained(fit)
    nn.init.zeros_(model.head.weight)
    assert fraction_small([model.head.weight]) == 1
    assert 0 < fraction_small(split_parameters(model).penalized.values()) < 1


@asked_of_a_module("zero_small_", "regularization/penalties.md")
def _(fit: Fit) -> None:
    model = trained(fit)
    zeros = zero_small_(model, below=0.05)
    weights = torch.cat([p.flatten() for p in split_parameters(model).penalized.values()])
    assert 0 < zeros == pytest.approx((weights == 0).float().mean().item())


@asked_of_a_module("prune_smallest_", COMPRESSION)
def _(fit: Fit) -> None:
    assert prune_smallest_(trained(fit), fraction=0.9) == pytest.approx(0.9, abs=1e-3)


@asked_of_a_module("sparse_state_dict", COMPRESSION)
def _(fit: Fit) -> None:
    model = pruned(fit)
    assert any(tensor.is_sparse for tensor in sparse_state_dict(model).values())


@asked_of_a_module("dense_state_dict", COMPRESSION)
def _(fit: Fit) -> None:
    model, file = pruned(fit), io.BytesIO()
    torch.save(sparse_state_dict(model), file)
    file.seek(0)
    other = fit.new()
    other.load_state_dict(dense_state_dict(torch.load(file)))
    assert all(map(torch.equal, model.parameters(), other.parameters()))


@asked_of_a_module("sparse_size", COMPRESSION)
def _(fit: Fit) -> None:
    size = sparse_size(pruned(fit))
    assert size.zero == pytest.approx(0.95, abs=1e-3)
    assert size.dense_bytes > 0 and size.sparse_bytes > 0


def pruned(fit: Fit) -> pl.LightningModule:
    model = trained(fit)
    prune_smallest_(model, fraction=0.95)
    return model


def answers(fit: Fit) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The classes, whether they are right, and the doubt, for a batch."""
    model, batch = trained(fit), next(iter(fit.loaders()[0]))
    inputs, labels = (batch["tokens"], batch["label"]) if isinstance(batch, dict) else batch
    with torch.no_grad():
        probabilities = model(inputs).softmax(dim=1)
    classes = probabilities.argmax(dim=1)
    return classes, classes == labels, 1 - probabilities.amax(dim=1)


@asked_of_a_module("selective_accuracy", DOUBT)
def _(fit: Fit) -> None:
    _, correct, doubt = answers(fit)
    curve = selective_accuracy(correct, doubt)
    assert curve.answered[-1] == 1
    assert curve.accuracy[-1] == pytest.approx(correct.float().mean().item())


@asked_of_a_module("limit_of_doubt", DOUBT)
def _(fit: Fit) -> None:
    _, correct, doubt = answers(fit)
    assert limit_of_doubt(correct, doubt, accuracy=0.0) == pytest.approx(doubt.max().item())


@asked_of_a_module("abstain", DOUBT)
def _(fit: Fit) -> None:
    classes, _, doubt = answers(fit)
    given = abstain(classes, doubt, limit=doubt.median().item())
    assert (given == -1).sum() == (doubt > doubt.median()).sum()
