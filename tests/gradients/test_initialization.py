"""lightning_modules.gradients.initialization: the variances, one weight, and which scheme goes with what."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from initialization_checks import DISTRIBUTIONS, close
from torch import nn

from lightning_modules import MLP, initialize
from lightning_modules.gradients.activations import SCHEME_FOR, scheme_for
from lightning_modules.gradients.initialization import initialize_, negative_slope_of, variance

SCHEMES = ["glorot", "he", "lecun"]


# Variances


@pytest.mark.parametrize(
    ("scheme", "expected"), [("glorot", 2 / (30 + 10)), ("he", 2 / 30), ("lecun", 1 / 30)], ids=SCHEMES
)
def test_the_variance_is_the_papers(scheme, expected):
    assert variance(scheme, fan_in=30, fan_out=10) == expected


@given(fan_in=st.integers(1, 5000), fan_out=st.integers(1, 5000), slope=st.floats(0, 3))
def test_variances_agree_with_torch(fan_in, fan_out, slope):
    gain = nn.init.calculate_gain("leaky_relu", slope)
    assert variance("he", fan_in, fan_out, slope) == pytest.approx(gain**2 / fan_in)
    assert variance("lecun", fan_in, fan_out, slope) == pytest.approx(
        nn.init.calculate_gain("linear") ** 2 / fan_in
    )
    assert variance("glorot", fan_in, fan_out, slope) == pytest.approx(2 / (fan_in + fan_out))


def test_the_default_of_torch_is_a_sixth_of_he():
    torch.manual_seed(0)
    default = nn.Linear(500, 2000).weight.var().item()
    assert default == pytest.approx(1 / (3 * 500), rel=0.01)
    assert default == pytest.approx(variance("he", 500, 2000) / 6, rel=0.01)


@pytest.mark.parametrize("fan", [0, -1, math.nan])
def test_a_layer_without_connections_has_no_variance(fan):
    with pytest.raises(ValueError, match="needs positive fans"):
        variance("he", fan_in=fan, fan_out=1)


def test_an_unknown_scheme_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="one of glorot, he, lecun, got 'xavier'"):
        variance("xavier", 1, 1)


# One weight


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("he", "normal"), nn.init.kaiming_normal_),
        (("he", "uniform"), nn.init.kaiming_uniform_),
        (("glorot", "normal"), nn.init.xavier_normal_),
        (("glorot", "uniform"), nn.init.xavier_uniform_),
        (
            ("he", "orthogonal"),
            lambda w, generator: nn.init.orthogonal_(w, math.sqrt(2), generator=generator),
        ),
        (("glorot", "orthogonal"), lambda w, generator: nn.init.orthogonal_(w, generator=generator)),
    ],
)
@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (8, 4, 3, 3)])
def test_the_weights_are_torchs_from_the_same_random_numbers(ours, theirs, shape):
    mine = initialize_(torch.empty(shape), *ours, generator=torch.Generator().manual_seed(1))
    other = theirs(torch.empty(shape), generator=torch.Generator().manual_seed(1))
    assert torch.allclose(mine, other, atol=1e-6)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_the_drawn_weights_have_the_variance_and_mean_zero(scheme, distribution):
    weight = initialize_(
        torch.empty(800, 500),
        scheme,
        distribution,
        negative_slope=0.5,
        generator=torch.Generator().manual_seed(0),
    )
    assert close(weight.var().item(), variance(scheme, 500, 800, 0.5), relative=0.01)
    assert abs(weight.mean().item()) < 0.001


def test_a_uniform_draw_ends_at_root_three_deviations():
    bound = math.sqrt(3 * 2 / 50)
    weight = initialize_(torch.empty(400, 50), "he", "uniform", generator=torch.Generator().manual_seed(0))
    assert 0.99 * bound < weight.abs().max() <= bound


@settings(max_examples=30)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30))
def test_orthogonal_rows_or_columns_have_the_gains_length(rows, columns):
    weight = initialize_(torch.empty(rows, columns), "he", "orthogonal").double()
    product = weight @ weight.T if rows <= columns else weight.T @ weight
    assert torch.allclose(product, 2 * torch.eye(len(product)).double(), atol=1e-5)


@pytest.mark.parametrize("groups", [1, 4])
def test_the_units_of_a_transposed_convolution_are_orthogonal_within_a_group(groups):
    layer = nn.ConvTranspose2d(8, 12, 3, groups=groups)
    initialize(layer, "lecun", "orthogonal")
    for group in layer.weight.detach().chunk(groups):
        units = group.transpose(0, 1).flatten(1)
        assert torch.allclose(units @ units.T, torch.eye(12 // groups), atol=1e-5)


def test_a_weight_is_the_same_tensor_afterwards():
    weight = nn.Parameter(torch.zeros(3, 4))
    assert initialize_(weight, "he") is weight
    assert weight.requires_grad


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_half_precision_can_be_drawn(distribution):
    weight = initialize_(torch.empty(200, 100, dtype=torch.bfloat16), "lecun", distribution)
    assert weight.isfinite().all()
    assert weight.std() > 0


@pytest.mark.parametrize(
    ("weight", "arguments", "message"),
    [
        (torch.empty(3), ("he",), r"got shape \(3,\)"),
        (torch.empty(3, 0), ("he",), "positive fans"),
        (torch.empty(3, 4), ("kaiming",), "got 'kaiming'"),
        (torch.empty(3, 4), ("he", "truncated"), "one of normal, uniform, orthogonal, got 'truncated'"),
    ],
)
def test_a_weight_refuses_nonsense(weight, arguments, message):
    with pytest.raises(ValueError, match=message):
        initialize_(weight, *arguments)


# Which scheme


@pytest.mark.parametrize(
    ("activation", "scheme", "slope"),
    [
        (nn.ReLU(), "he", 0),
        (nn.ReLU6(), "he", 0),
        (nn.LeakyReLU(0.2), "he", 0.2),
        (nn.PReLU(init=0.25), "he", 0.25),
        (nn.PReLU(3, init=0.5), "he", 0.5),
        (nn.RReLU(0.1, 0.4), "he", math.sqrt((0.01 + 0.04 + 0.16) / 3)),
        (nn.GELU(), "he", 0),
        (nn.SiLU(), "he", 0),
        (nn.Mish(), "he", 0),
        (nn.ELU(), "he", 0),
        (nn.SELU(), "lecun", 0),
        (nn.Tanh(), "glorot", 0),
        (nn.Sigmoid(), "glorot", 0),
        (nn.Softmax(dim=1), "glorot", 0),
        (nn.Hardtanh(), "glorot", 0),
    ],
    ids=str,
)
def test_each_activation_has_its_scheme(activation, scheme, slope):
    assert scheme_for(activation) == scheme
    assert negative_slope_of(activation) == pytest.approx(slope)


def test_the_slope_of_a_random_leaky_relu_is_its_quadratic_mean():
    torch.manual_seed(0)
    activation, inputs = nn.RReLU(0.1, 0.9).train(), torch.randn(400_000)
    kept = activation(inputs).square().mean()
    assert close(kept.item(), (1 + negative_slope_of(activation) ** 2) / 2)


def test_a_users_activation_can_be_added():
    class Snake(nn.Module):
        def forward(self, x):
            return x + torch.sin(x).square()

    model = nn.Sequential(nn.Linear(4, 4), Snake(), nn.Linear(4, 4))
    with pytest.raises(ValueError, match="cannot be seen which activation follows 0"):
        initialize(model)
    SCHEME_FOR[Snake] = "lecun"
    try:
        assert initialize(model)["0"].scheme == "lecun"
    finally:
        del SCHEME_FOR[Snake]


def test_lecun_keeps_a_selu_network_at_variance_one_and_torchs_gain_does_not():
    def final_std(gain):
        torch.manual_seed(0)
        layers = [layer for _ in range(50) for layer in (nn.Linear(200, 200), nn.SELU())]
        model = nn.Sequential(*layers)
        initialize(model)
        with torch.no_grad():
            for layer in model[::2]:
                layer.weight.mul_(gain)
            return model(torch.randn(500, 200)).std().item()

    assert close(final_std(1.0), 1, relative=0.15)
    assert final_std(nn.init.calculate_gain("selu")) < 0.5


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_thirty_layers_keep_the_signal(distribution):
    torch.manual_seed(0)
    model = MLP([256] * 31 + [10])
    initialize(model, distribution=distribution)
    with torch.no_grad():
        signal = model[:-1](torch.randn(300, 256)).square().mean().item()
    assert 0.3 < signal < 3
