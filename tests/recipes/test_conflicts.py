"""lightning_modules.recipes.conflicts: parts that undo each other."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from lightning_modules import MLP, Nesterov, add_dropout, conflicts, fold_batch_norm
from lightning_modules.recipes.conflicts import SELU_NORMALIZED
from verified_docs.base.config import find
from verified_docs.programs.study_file import StudyFile
from verified_docs.records import record

ROOT = Path(__file__).parents[2]


def found(network, optimizer=None):
    return [conflict.combination for conflict in conflicts(network, optimizer)]


def dropped(activation, dropout):
    network = MLP([4, 4, 4], activation)
    network[2] = nn.Sequential(network[2], dropout(0.1))
    return network


@pytest.mark.parametrize("norm", [nn.BatchNorm1d, nn.LayerNorm])
def test_selu_needs_no_normalization(norm):
    assert found(MLP([4, 4, 4], nn.SELU, norm)) == [f"SELU with {norm.__name__}"]
    assert found(MLP([4, 4, 4], nn.ReLU, norm)) == []
    assert found(MLP([4, 4, 4], nn.SELU)) == []


@pytest.mark.parametrize("dropout", [nn.AlphaDropout, nn.FeatureAlphaDropout])
def test_alpha_dropout_goes_with_selu_alone(dropout):
    assert found(dropped(nn.SELU, dropout)) == []
    assert found(dropped(nn.ReLU, dropout)) == [f"{dropout.__name__} after ReLU (2.1)"]
    assert found(nn.Sequential(dropout(0.1), nn.Linear(2, 2))) == [f"{dropout.__name__} without SELU (0)"]


def test_what_add_dropout_chooses_is_no_conflict():
    for activation in (nn.SELU, nn.ReLU):
        network = MLP([4, 4, 4], activation)
        add_dropout(network, 0.1)
        assert found(network) == []


def test_a_bias_before_batch_normalization_is_found_where_the_mean_is_subtracted_from_it():
    def stack(norm, bias=True):
        return nn.Sequential(nn.Linear(3, 4, bias=bias), norm, nn.ReLU())

    assert found(stack(nn.BatchNorm1d(4))) == ["a bias before batch normalization (0 before 1)"]
    assert found(stack(nn.BatchNorm1d(4), bias=False)) == []
    assert found(stack(nn.LayerNorm(4))) == []
    convolutional = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    assert found(convolutional) == ["a bias before batch normalization (0 before 1)"]
    # After an activation the mean is another one.
    assert found(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4))) == []
    assert found(fold_batch_norm(stack(nn.BatchNorm1d(4)).eval())) == []


def test_that_bias_has_no_gradient():
    torch.manual_seed(0)
    layer = nn.Linear(3, 4)
    outputs = nn.Sequential(layer, nn.BatchNorm1d(4))(torch.randn(8, 3))
    (outputs * torch.randn(8, 4)).sum().backward()  # Σ y² would be constant: no gradient anywhere
    assert layer.bias.grad.abs().max() < 1e-5 < 0.1 < layer.weight.grad.abs().max()


def test_nesterov_needs_momentum():
    network = MLP([2, 2])
    assert found(network, partial(torch.optim.SGD, lr=0.1, nesterov=True)) == ["Nesterov without momentum"]
    assert found(network, partial(torch.optim.SGD, lr=0.1, momentum=0.0, nesterov=True)) != []
    assert found(network, partial(torch.optim.SGD, lr=0.1, momentum=0.9, nesterov=True)) == []
    assert found(network, partial(torch.optim.SGD, lr=0.1)) == []
    assert found(network, torch.optim.AdamW) == found(network, Nesterov) == []


def test_a_conflict_says_why_and_where_to_read_on():
    (conflict,) = conflicts(MLP([4, 4, 4], nn.SELU, nn.BatchNorm1d))
    assert str(conflict).startswith("SELU with BatchNorm1d: SELU normalizes by itself")
    assert str(conflict).endswith("The guide's page guidelines/ says more.")


def test_what_a_normalization_beside_selu_costs_is_what_the_study_found():
    study = StudyFile(ROOT / "studies/guidelines.py", find(ROOT))
    gained = record.fresh(study).values["difference"]["test accuracy"]
    points = {
        depth: [
            100 * gained[f"normalization: batch, self-normalizing, {depth}, {data}"]
            for data in ("clothes", "digits")
        ]
        for depth in ("shallow", "deep")
    }
    least, most = sorted(-gain for gain in points["shallow"])
    assert (
        f"{least:.1f} to {most:.1f} points of accuracy in two hidden layers, and none in twenty"
        == SELU_NORMALIZED
    )
    assert min(points["deep"]) >= 0
