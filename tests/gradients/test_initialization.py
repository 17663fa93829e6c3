"""lightning_modules.gradients.initialization: the numbers, whole models, and the callback."""

import math
import os
import subprocess
import sys
import textwrap

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.nn.utils import parametrizations

from lightning_modules import MLP, Classifier, Digits, Initialize, initialize, quiet_trainer
from lightning_modules.gradients.fans import Fans, fans
from lightning_modules.gradients.initialization import (
    SCHEME_FOR,
    initialize_,
    negative_slope_of,
    scheme_for,
    variance,
)

SCHEMES = ["glorot", "he", "lecun"]
DISTRIBUTIONS = ["normal", "uniform", "orthogonal"]


def close(value, expected, relative=0.02):
    return value == pytest.approx(expected, rel=relative)


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


# Fans


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


@settings(deadline=None, max_examples=30)
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


@pytest.mark.parametrize(
    ("activation", "distribution"), [(nn.ReLU, "normal"), (nn.ReLU, "uniform"), (nn.ReLU, "orthogonal")]
)
def test_thirty_layers_keep_the_signal(activation, distribution):
    torch.manual_seed(0)
    model = MLP([256] * 31 + [10], activation=activation)
    initialize(model, distribution=distribution)
    with torch.no_grad():
        signal = model[:-1](torch.randn(300, 256)).square().mean().item()
    assert 0.3 < signal < 3


# Whole models


def test_a_model_gets_weights_biases_and_a_row_for_each_layer():
    model = MLP([40, 30, 20, 10], normalization=nn.LayerNorm)
    nn.init.constant_(model[2].weight, 5.0)
    nn.init.constant_(model[2].bias, 5.0)
    report = initialize(model)
    assert [row.name for row in report] == ["1", "2", "4", "5", "7"]
    assert report["1"].target_std == pytest.approx(math.sqrt(2 / 40))
    assert report["4"].target_std == pytest.approx(math.sqrt(2 / 30))
    assert report["7"].target_std == pytest.approx(math.sqrt(2 / (20 + 10)))
    assert (report["1"].scheme, report["7"].scheme) == ("he", "glorot")
    assert (report["1"].note, report["7"].note) == ("before ReLU", "before no activation")
    assert all(layer.bias.abs().max() == 0 for layer in model if isinstance(layer, nn.Linear))
    assert model[2].weight.unique().tolist() == [1]
    assert model[2].bias.unique().tolist() == [0]
    assert len(report) == 5


def test_the_report_tells_the_truth_about_the_weights():
    model = MLP([40, 30, 10])
    before = model[1].weight.std(correction=0).item()
    row = initialize(model)["1"]
    assert row.std_before == pytest.approx(before)
    assert row.std_after == pytest.approx(model[1].weight.std(correction=0).item())
    assert (row.kind, row.fan_in, row.fan_out, row.distribution) == ("Linear", 40, 30, "normal")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("layer", [nn.Linear(60, 50), *CONVOLUTIONS], ids=str)
def test_the_deviation_aimed_at_is_reached(layer, distribution):
    torch.manual_seed(0)
    row = initialize(nn.Sequential(layer, nn.ReLU()), distribution=distribution)["0"]
    assert close(row.std_after, row.target_std, relative=0.1)


def test_the_report_prints_as_a_table():
    torch.manual_seed(0)
    table = str(initialize(MLP([4, 3, 2], normalization=nn.BatchNorm1d)))
    lines = table.splitlines()
    assert lines[0].split() == [
        *("layer", "kind", "fan", "in", "fan", "out", "scheme", "std", "before", "target", "after", "note")
    ]
    assert lines[1].split()[:6] == ["1", "Linear", "4", "3", "he", "normal"]
    assert lines[2].split() == ["2", "BatchNorm1d", "weight", "1,", "bias", "0"]
    assert all(line == line.rstrip() for line in lines)


def test_an_unknown_row_is_answered_with_the_known_ones():
    with pytest.raises(KeyError, match="there is 1, 3"):
        initialize(MLP([4, 3, 2]))["fc"]


def test_a_leaky_slope_counts():
    model = nn.Sequential(nn.Linear(50, 5), nn.LeakyReLU(0.5), nn.Linear(5, 5), nn.PReLU(init=1.0))
    report = initialize(model)
    assert report["0"].target_std == pytest.approx(math.sqrt(2 / (1.25 * 50)))
    assert report["2"].target_std == pytest.approx(math.sqrt(2 / (2 * 5)))
    assert model[3].weight.item() == 1  # what is learned there is no weight


def test_a_scheme_overrides_what_is_seen():
    assert {row.scheme for row in initialize(MLP([4, 3, 2]), "lecun")} == {"lecun"}


def test_a_generator_makes_it_repeatable_and_leaves_the_global_one_alone():
    first, second = MLP([4, 3, 2]), MLP([4, 3, 2])
    state = torch.random.get_rng_state()
    initialize(first, generator=torch.Generator().manual_seed(3))
    initialize(second, generator=torch.Generator().manual_seed(3))
    assert torch.equal(first[1].weight, second[1].weight)
    assert torch.equal(state, torch.random.get_rng_state())


def test_without_a_generator_the_global_seed_decides():
    first, second = MLP([4, 3, 2]), MLP([4, 3, 2])
    for model in (first, second):
        torch.manual_seed(3)
        initialize(model)
    assert torch.equal(first[1].weight, second[1].weight)


def test_a_weight_shared_by_two_layers_is_drawn_once():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 50), nn.Tanh())
    model[2].weight = model[0].weight
    report = initialize(model)
    assert close(model[0].weight.std().item(), math.sqrt(2 / 50), relative=0.1)
    assert report["2"].note == "left as it is: its weight is that of 0"
    assert model[2].bias.abs().max() == 0


def test_a_module_used_twice_is_one_layer():
    layer = nn.Linear(5, 5)
    assert len(initialize(nn.Sequential(layer, nn.ReLU(), layer))) == 1


def test_embeddings_and_what_shares_their_weight_stay():
    model = nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 5), nn.ReLU(), nn.Linear(5, 7))
    model[3].weight = model[0].weight
    before = model[0].weight.clone()
    report = initialize(model)
    assert torch.equal(model[0].weight, before)
    assert report["0"].note == "left as it is: weight"
    assert report["3"].note == "left as it is: its weight is that of 0"
    assert report["1"].scheme == "he"


def test_unknown_layers_stay_and_are_listed():
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Bilinear(4, 4, 4), nn.Linear(4, 4))
    before = model[2].weight.clone()
    assert initialize(model)["2"].note == "left as it is: weight, bias"
    assert torch.equal(model[2].weight, before)


def test_frozen_layers_stay():
    model = MLP([4, 3, 2])
    model[1].requires_grad_(False)
    before = {name: value.clone() for name, value in model[1].state_dict().items()}
    assert initialize(model)["1"].note == "left as it is: frozen"
    assert all(torch.equal(model[1].state_dict()[name], value) for name, value in before.items())


def test_a_parametrized_weight_stays_and_the_report_says_so():
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 3)), nn.ReLU(), nn.Linear(3, 2))
    before = model[0].weight.clone()
    assert initialize(model)["0"].note == "left as it is: its weight is parametrized"
    assert torch.equal(model[0].weight, before)


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm2d(3),
        nn.GroupNorm(1, 3),
        nn.LayerNorm(3),
        nn.InstanceNorm2d(3, affine=True),
        nn.RMSNorm(3),
    ],
)
def test_every_normalization_becomes_the_identity(norm):
    for parameter in norm.parameters():
        nn.init.constant_(parameter, 7.0)
    report = initialize(nn.Sequential(nn.Conv2d(1, 3, 1), norm))
    assert norm.weight.unique().tolist() == [1]
    if getattr(norm, "bias", None) is not None:
        assert norm.bias.unique().tolist() == [0]
    assert report["1"].note.startswith("weight 1")


def test_a_single_layer_is_a_model_too():
    layer = nn.Linear(4, 3)
    (row,) = initialize(layer)
    assert (row.name, row.scheme) == ("(model)", "glorot")


def test_attention_is_left_alone():
    model = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, activation="gelu", batch_first=True)
    before = {name: value.clone() for name, value in model.self_attn.named_parameters()}
    report = initialize(model, example=torch.randn(2, 3, 8))
    assert all(torch.equal(value, before[name]) for name, value in model.self_attn.named_parameters())
    assert (report["linear1"].note, report["linear2"].note) == ("before GELU", "before no activation")


# What follows


class Functional(nn.Module):
    """Two convolutions side by side, joined before a leaky ReLU; nothing of it is to be seen in the modules."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 10)
        self.skip = nn.Conv2d(1, 8, 1)
        self.second = nn.Conv2d(8, 8, 3, padding=1)
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.dropout = nn.Dropout()

    def forward(self, images):
        hidden = torch.relu(self.norm(self.first(images)))
        joined = self.second(hidden).add_(self.skip(images))
        pooled = nn.functional.leaky_relu(joined, 0.3).mean((2, 3))
        return self.head(self.dropout(pooled.view(-1, 8)))


def test_a_forward_pass_shows_functions_and_joined_ways():
    report = initialize(Functional(), example=torch.randn(2, 1, 6, 6))
    notes = {row.name: row.note for row in report if row.scheme}
    assert notes == {
        "first": "before ReLU",
        "second": "before LeakyReLU",
        "skip": "before LeakyReLU",
        "head": "before no activation",
    }
    assert report["skip"].target_std == pytest.approx(math.sqrt(2 / (1 + 0.3**2)))


def test_a_forward_pass_leaves_nothing_behind():
    model = Functional()
    model.dropout.eval()
    state = torch.random.get_rng_state()
    statistics = model.norm.running_mean.clone()
    initialize(
        model, example=torch.randn(2, 1, 6, 6, generator=torch.Generator()), generator=torch.Generator()
    )
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert model.training
    assert model.norm.training
    assert not model.dropout.training
    assert torch.equal(statistics, model.norm.running_mean)
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_failing_forward_pass_leaves_nothing_behind_either():
    model = Functional()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(RuntimeError):
        initialize(model, example=torch.randn(2, 3, 6, 6))
    assert all(not m._forward_hooks and not m._forward_pre_hooks for m in model.modules())
    assert all(m.training for m in model.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_one_activation_module_may_serve_all_layers():
    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            self.act = nn.SELU()

        def forward(self, x):
            for layer in self.layers[:-1]:
                x = self.act(layer(x))
            return self.layers[-1](x)

    with pytest.raises(ValueError, match=r"layers\.0, layers\.1"):
        initialize(Shared())
    report = initialize(Shared(), example=torch.randn(1, 4))
    assert [row.scheme for row in report] == ["lecun", "lecun", "glorot"]


def test_several_inputs_are_a_tuple():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(2, 3), nn.Linear(4, 3)

        def forward(self, left, right):
            return torch.tanh(self.left(left) + self.right(right))

    report = initialize(Two(), example=(torch.zeros(1, 2), torch.zeros(1, 4)))
    assert [row.note for row in report] == ["before Tanh", "before Tanh"]


def test_in_place_activations_are_seen():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.second(self.first(x).relu_())

    assert initialize(InPlace(), example=torch.zeros(1, 2))["first"].note == "before ReLU"


def test_layers_in_a_model_that_has_parameters_of_its_own_are_seen():
    class Transformer(nn.Module):
        def __init__(self):
            super().__init__()
            self.positions = nn.Parameter(torch.zeros(3, 8))
            layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)
            self.head = nn.Linear(8, 2)

        def forward(self, inputs):
            return self.head(self.encoder(inputs + self.positions).mean(1))

    report = initialize(Transformer(), example=torch.randn(2, 3, 8))
    for layer in ("encoder.layers.0", "encoder.layers.1"):
        assert report[f"{layer}.linear1"].note == "before ReLU"
        assert report[f"{layer}.linear2"].note == "before no activation"
    assert report["head"].note == "before no activation"
    assert report["(model)"].note == "left as it is: positions"


def test_a_layer_that_the_forward_pass_does_not_reach_is_named():
    model = nn.Module()
    model.used, model.unused = nn.Linear(2, 2), nn.Linear(2, 2)
    model.forward = lambda x: model.used(x)
    with pytest.raises(ValueError, match=r"follows unused. model\(example\) does not call it"):
        initialize(model, example=torch.zeros(1, 2))


def test_modules_between_a_layer_and_its_activation_do_not_hide_it():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.MaxPool2d(2),
        nn.Dropout(),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4, 2),
    )
    assert initialize(model)["0"].note == "before ReLU"


def test_two_dense_layers_in_sequence_have_nothing_between_them():
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    assert [row.note for row in initialize(model)] == [
        "before no activation",
        "before ReLU",
        "before no activation",
    ]


def test_nested_sequences_are_read_in_order():
    model = nn.Sequential(
        nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Tanh())), nn.Linear(3, 2), nn.Sigmoid()
    )
    assert [row.note for row in initialize(model)] == ["before Tanh", "before Sigmoid"]


@pytest.mark.parametrize("make", [Functional, lambda: nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])])
def test_what_cannot_be_seen_is_asked_for(make):
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(
        ValueError, match=r"cannot be seen which activation follows .*example=.*activation=.*scheme="
    ):
        initialize(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("activation", [nn.SELU, nn.SELU()])
def test_an_activation_that_is_named_follows_all_but_the_last_layer(activation):
    report = initialize(nn.ModuleList([nn.Linear(4, 4) for _ in range(3)]), activation=activation)
    assert [row.scheme for row in report] == ["lecun", "lecun", "glorot"]


def test_a_named_activation_does_not_override_a_visible_one():
    assert initialize(MLP([4, 3, 2]), activation=nn.SELU)["1"].scheme == "he"


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        (nn.Linear(2, 2), {"scheme": "xavier"}, "one of glorot, he, lecun, got 'xavier'"),
        (nn.Linear(2, 2), {"distribution": "cauchy"}, "one of normal, uniform, orthogonal, got 'cauchy'"),
        (
            nn.Linear(2, 2),
            {"activation": nn.Dropout},
            r"No scheme is known for Dropout.*SCHEME_FOR\[Dropout\]",
        ),
        (nn.Linear(2, 2, device="meta"), {}, "weight is on the meta device"),
    ],
)
def test_a_model_refuses_nonsense(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        initialize(model, **arguments)


def test_lazy_layers_are_refused_by_name():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.LazyLinear(2))
    with pytest.raises(ValueError, match=r"2\.weight is lazy and has no values yet. Call the model once"):
        initialize(model)


# In a Trainer


def fit(model, callback, epochs=1, resume=None, **trainer_arguments):
    trainer = quiet_trainer(max_epochs=epochs, callbacks=[callback], **trainer_arguments)
    trainer.fit(model, Digits(train_size=40), ckpt_path=resume)
    return trainer


def classifier(**arguments):
    torch.manual_seed(0)
    # At rate 0 the weights after training are those that it began with.
    return Classifier(MLP([64, 20, 10], **arguments), optimizer=still)


def still(parameters):
    return torch.optim.SGD(parameters, lr=0.0)


def test_the_callback_initializes_before_the_first_step():
    model, callback = classifier(), Initialize("he", "uniform")
    assert callback.report is None
    fit(model, callback)
    assert callback.report["network.1"].scheme == "he"
    assert callback.report["network.1"].distribution == "uniform"
    assert callback.report["network.1"].std_after == pytest.approx(
        model.network[1].weight.std(correction=0).item()
    )


def test_a_second_fit_keeps_the_weights():
    model, callback = classifier(), Initialize()
    fit(model, callback)
    weight = model.network[1].weight.clone()
    fit(model, callback)
    assert torch.equal(model.network[1].weight, weight)
    fit(classifier(), callback)


def test_a_resumed_fit_keeps_the_weights(tmp_path):
    first = classifier()
    fit(first, Initialize()).save_checkpoint(tmp_path / "first.ckpt")
    callback, resumed = Initialize(), classifier()
    fit(resumed, callback, epochs=2, resume=tmp_path / "first.ckpt")
    assert callback.report is None
    assert torch.equal(resumed.network[1].weight, first.network[1].weight)


def test_evaluating_initializes_nothing():
    model, callback = classifier(), Initialize()
    weight = model.network[1].weight.clone()
    quiet_trainer(callbacks=[callback]).validate(model, Digits(train_size=40))
    assert torch.equal(model.network[1].weight, weight)


class Strangers(pl.LightningModule):
    """A LightningModule of somebody who has never heard of this library."""

    def __init__(self):
        super().__init__()
        self.hidden, self.output = nn.Linear(64, 20), nn.Linear(20, 10)

    def forward(self, images):
        return self.output(torch.tanh(self.hidden(images.flatten(1))))

    def training_step(self, batch, batch_idx):
        return nn.functional.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return still(self.parameters())


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader` but have no `validation_step`")
def test_a_strangers_module_shows_its_activations_by_its_example_input():
    model = Strangers()
    model.example_input_array = torch.zeros(2, 1, 8, 8)
    callback = Initialize()
    fit(model, callback)
    assert callback.report["hidden"].note == "before Tanh"


@pytest.mark.filterwarnings("ignore:You passed in a `val_dataloader` but have no `validation_step`")
def test_a_model_without_layers_is_refused_with_the_way_out():
    class Late(Strangers):
        def __init__(self):
            pl.LightningModule.__init__(self)

    with pytest.raises(MisconfigurationException, match="configure_model"):
        fit(Late(), Initialize())


def test_two_processes_train_from_the_same_weights(tmp_path):
    program = tmp_path / "train.py"
    program.write_text(
        textwrap.dedent(
            """
            import os, sys
            import pytorch_lightning as pl
            import torch
            from lightning_modules import MLP, Classifier, Digits, Initialize, quiet_trainer

            class Save(pl.Callback):
                def on_train_start(self, trainer, pl_module):
                    torch.save(pl_module.network.state_dict(), f"{sys.argv[1]}/{trainer.global_rank}.pt")

                def setup(self, trainer, pl_module, stage):
                    torch.manual_seed(trainer.global_rank)  # the worst case: every process draws others

            if __name__ == "__main__":
                trainer = quiet_trainer(max_epochs=1, strategy="ddp_fork", devices=2, callbacks=[Save(), Initialize()])
                trainer.fit(Classifier(MLP([64, 8, 10])), Digits(train_size=40))
            """
        )
    )
    subprocess.run([sys.executable, program, tmp_path], check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert first["3.bias"].abs().max() == 0
    assert close(first["1.weight"].std().item(), math.sqrt(2 / 64), relative=0.2)
