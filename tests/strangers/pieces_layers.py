"""What changes the stranger's module before it is trained."""

import pytest
import torch
from fitting import Fit, parameters
from pieces import asked_of_a_module, piece
from pieces_callbacks import is_changed
from torch import nn

from lightning_modules import (
    AuxiliaryTask,
    GaussianNoise,
    MaskingNoise,
    ReLUSquared,
    SwiGLU,
    add_dropout,
    initialize,
    reuse,
    rotations,
)


@piece("initialize", "gradients/initialization.md")
def _(fit: Fit) -> None:
    model = fit.new()
    report = initialize(model, example=fit.inputs())
    drawn = [row for row in report.rows if row.scheme]
    assert {row.scheme for row in drawn} == {"he", "glorot"}
    fit.train(model)
    assert is_changed(fit)


@piece("ReLUSquared", "gradients/activations.md")
def _(fit: Fit) -> None:
    model = fit.new()
    if fit.stranger == "images":
        model.body[2], model.body[5] = ReLUSquared(), ReLUSquared()
    else:
        for layer in model.encoder.layers:
            layer.activation = ReLUSquared()
    fit.train(model)
    assert is_changed(fit)


@piece("SwiGLU", "gradients/activations.md")
def _(fit: Fit) -> None:
    model = fit.new()
    width = model.head.in_features
    model.head = nn.Sequential(SwiGLU(width, width), model.head)
    before = model.head[0].gate.weight.detach().clone()
    fit.train(model)
    assert not torch.equal(model.head[0].gate.weight, before)


def noisy(fit: Fit, noise: nn.Module) -> None:
    model = fit.new()
    part = "body" if fit.stranger == "images" else "encoder"
    setattr(model, part, nn.Sequential(noise, getattr(model, part)))
    fit.train(model)
    inputs = torch.ones(4, 5)
    assert not torch.equal(noise.train()(inputs), inputs)
    assert torch.equal(noise.eval()(inputs), inputs)
    found = parameters(model)
    assert not torch.equal(found["head.weight"], fit.bare()["head.weight"])


@piece("MaskingNoise", "pretrained/unsupervised.md")
def _(fit: Fit) -> None:
    noisy(fit, MaskingNoise(0.25))


@piece("GaussianNoise", "pretrained/unsupervised.md")
def _(fit: Fit) -> None:
    noisy(fit, GaussianNoise(0.5))


@piece("add_dropout", "regularization/dropout.md")
def _(fit: Fit) -> None:
    model = fit.new()
    names = list(model.state_dict())
    added = add_dropout(model, rate=0.5)
    assert added and all(isinstance(module, nn.Dropout) and module.p == 0.5 for module in added.values())
    fit.train(model)
    assert is_changed(fit) or set(names) != set(model.state_dict())


@piece("reuse", "pretrained/transfer.md")
def _(fit: Fit) -> None:
    trained, model = fit.new(), fit.new()
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(0.01)
    report = reuse(model, trained, new=["head"])
    assert len(report.loaded) == len(trained.state_dict()) - 2
    fit.train(model)
    assert is_changed(fit)


class Pooled(nn.Module):
    """The stranger's transformer without its head."""

    def __init__(self, model):
        super().__init__()
        self.embedding, self.encoder = model.embedding, model.encoder

    def forward(self, tokens):
        return self.encoder(self.embedding(tokens)).mean(dim=1)


def backwards(tokens):
    """Which way round is it?"""
    return torch.cat([tokens, tokens.flip(1)]), torch.arange(2).repeat_interleave(len(tokens))


@piece("AuxiliaryTask", "pretrained/auxiliary.md")
def _(fit: Fit) -> None:
    model = fit.new()
    if fit.stranger == "images":
        body, task = model.body, AuxiliaryTask(model.body, nn.Linear(64, 4))
    else:
        body = Pooled(model)
        task = AuxiliaryTask(body, nn.Linear(16, 2), make_labels=backwards)
    before = parameters(body)
    fit.train(task)
    assert any(not torch.equal(before[name], parameter) for name, parameter in parameters(body).items())


@asked_of_a_module("rotations", "pretrained/auxiliary.md")
def _(fit: Fit) -> None:
    inputs = fit.inputs()
    turned, quarters = rotations(inputs)
    assert len(turned) == 4 * len(inputs)
    assert quarters.float().mean() == pytest.approx(1.5)
