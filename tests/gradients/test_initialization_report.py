"""Initializing whole models: what is drawn, what stays as it is, and what the report says of it."""

import math

import pytest
import torch
from initialization_checks import close
from torch import nn
from torch.nn.utils import parametrizations

from lightning_modules import MLP, initialize


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
