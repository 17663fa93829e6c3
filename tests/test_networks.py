"""lightning_modules.networks."""

from functools import partial

import pytest
import torch
from torch import nn

from lightning_modules import MLP


def kinds(model):
    return [type(layer).__name__ for layer in model]


def test_widths_become_layers_with_activations_between():
    assert kinds(MLP([4, 3, 2])) == ["Flatten", "Linear", "ReLU", "Linear"]
    assert [layer.weight.shape for layer in MLP([4, 3, 2]) if isinstance(layer, nn.Linear)] == [
        (3, 4),
        (2, 3),
    ]


def test_two_widths_are_a_single_layer():
    assert kinds(MLP([4, 2])) == ["Flatten", "Linear"]


def test_it_computes_what_its_layers_say():
    model, images = MLP([4, 3, 2]).double(), torch.randn(5, 1, 2, 2, dtype=torch.float64)
    hidden = torch.relu(images.flatten(1) @ model[1].weight.T + model[1].bias)
    assert torch.allclose(model(images), hidden @ model[3].weight.T + model[3].bias)


def test_the_activation_is_made_anew_for_each_layer():
    slopes = [layer for layer in MLP([4, 3, 3, 2], activation=nn.PReLU) if isinstance(layer, nn.PReLU)]
    assert len(set(map(id, slopes))) == 2


def test_an_activation_may_have_settings():
    assert MLP([4, 3, 2], activation=partial(nn.LeakyReLU, 0.3))[2].negative_slope == 0.3


@pytest.mark.parametrize("normalization", [nn.BatchNorm1d, nn.LayerNorm])
def test_a_normalization_stands_before_each_activation_with_the_right_width(normalization):
    model = MLP([4, 3, 2], normalization=normalization)
    assert kinds(model) == ["Flatten", "Linear", normalization.__name__, "ReLU", "Linear"]
    assert model(torch.randn(5, 4)).shape == (5, 2)


@pytest.mark.parametrize(
    ("normalization", "has_bias"),
    [
        (nn.BatchNorm1d, False),
        (partial(nn.BatchNorm1d, affine=False), True),
        (nn.LayerNorm, True),
        (None, True),
    ],
)
def test_only_a_batch_norm_with_a_shift_makes_the_bias_needless(normalization, has_bias):
    model = MLP([4, 3, 2], normalization=normalization)
    assert (model[1].bias is not None) == has_bias
    assert model[-1].bias is not None


def test_the_bias_left_out_would_have_had_no_effect():
    layer, norm, inputs = nn.Linear(4, 3), nn.BatchNorm1d(3), torch.randn(8, 4)
    before = norm(layer(inputs))
    nn.init.constant_(layer.bias, 5.0)
    assert torch.allclose(before, norm(layer(inputs)), atol=1e-5)


def test_layers_can_be_sliced_and_replaced():
    model, images = MLP([4, 3, 2]), torch.randn(5, 4)
    assert type(model[:3]) is nn.Sequential
    assert torch.equal(model[-1](model[:-1](images)), model(images))
    model[1] = nn.Linear(6, 3)
    assert model(torch.randn(5, 6)).shape == (5, 2)


@pytest.mark.parametrize("widths", [[], [4]])
def test_fewer_than_two_widths_are_refused(widths):
    with pytest.raises(ValueError, match="at least two widths"):
        MLP(widths)


@pytest.mark.parametrize("widths", [[0, 2], [4, -1, 2]])
def test_widths_that_are_not_positive_are_refused(widths):
    with pytest.raises(ValueError, match=r"at least 1, got \["):
        MLP(widths)


def test_a_single_item_is_refused_with_the_batch_to_make():
    with pytest.raises(ValueError, match=r"got shape \(64,\)\. For a single item"):
        MLP([64, 10])(torch.zeros(64))


def test_an_input_of_another_size_is_refused_with_the_width_to_set():
    with pytest.raises(ValueError, match="takes 64 numbers per item, got items of 1 x 28 x 28 = 784"):
        MLP([64, 10])(torch.zeros(5, 1, 28, 28))
