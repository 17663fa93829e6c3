"""lightning_modules.gradients.fans: counted, and held to what they are for."""

import pytest
import torch
from initialization_checks import DISTRIBUTIONS, close
from torch import nn

from lightning_modules import initialize
from lightning_modules.gradients.fans import Fans, fans


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Linear(5, 7), (5, 7)),
        (nn.Conv1d(4, 6, 3), (12, 18)),
        (nn.Conv2d(4, 6, (3, 5)), (60, 90)),
        (nn.Conv3d(2, 3, 2), (16, 24)),
        (nn.Conv2d(4, 6, 3, groups=2), (18, 27)),
        (nn.Conv2d(4, 6, 4, stride=2), (64, 24)),
        (nn.ConvTranspose1d(4, 6, 3), (12, 18)),
        (nn.ConvTranspose2d(4, 6, 3), (36, 54)),
        (nn.ConvTranspose2d(4, 6, 3, groups=2), (18, 27)),
        (nn.ConvTranspose2d(4, 6, 4, stride=2), (16, 96)),
        (nn.ConvTranspose3d(2, 3, 2), (16, 24)),
    ],
    ids=str,
)
def test_fans_are_counted(layer, expected):
    assert fans(layer) == Fans(*expected)


CONVOLUTIONS = [
    nn.Conv1d(32, 64, 5),
    nn.Conv2d(16, 32, 3),
    nn.Conv2d(16, 32, 3, groups=4),
    nn.Conv2d(16, 32, 4, stride=2),
    nn.Conv2d(16, 32, 3, dilation=2),
    nn.ConvTranspose1d(32, 16, 4),
    nn.ConvTranspose2d(32, 16, 4, stride=2),
    nn.ConvTranspose2d(32, 16, 3, groups=4),
    nn.ConvTranspose2d(32, 16, 4, stride=4),
]


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=str)
def test_fan_in_is_what_keeps_the_variance_forward(layer, distribution):
    torch.manual_seed(0)
    initialize(layer, "lecun", distribution)
    size = (layer.weight.dim() - 2) * (40,)
    with torch.no_grad():
        output = layer(torch.randn(8, layer.in_channels, *size))
    inner = output[(..., *[slice(8, -8)] * len(size))]  # borders see less
    assert close(inner.var().item(), 1, relative=0.1)


@pytest.mark.parametrize("layer", CONVOLUTIONS, ids=str)
def test_fan_out_is_what_keeps_the_variance_backward(layer):
    torch.manual_seed(0)
    with torch.no_grad():
        layer.weight.normal_(0, fans(layer).fan_out ** -0.5)
    size = (layer.weight.dim() - 2) * (40,)
    inputs = torch.randn(8, layer.in_channels, *size, requires_grad=True)
    output = layer(inputs)
    output.backward(torch.randn_like(output))
    inner = inputs.grad[(..., *[slice(8, -8)] * len(size))]
    assert close(inner.var().item(), 1, relative=0.1)


def test_fans_of_something_else_are_refused():
    with pytest.raises(TypeError, match="got Embedding"):
        fans(nn.Embedding(3, 4))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("layer", [nn.Linear(60, 50), *CONVOLUTIONS], ids=str)
def test_the_deviation_aimed_at_is_reached(layer, distribution):
    torch.manual_seed(0)
    row = initialize(nn.Sequential(layer, nn.ReLU()), distribution=distribution)["0"]
    assert close(row.std_after, row.target_std, relative=0.1)
