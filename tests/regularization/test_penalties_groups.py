"""lightning_modules.regularization.penalties_groups: which parameters are penalized."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from lightning_modules import ReLUSquared, decay_groups, split_parameters


def penalized(model, **arguments):
    return list(split_parameters(model, **arguments).penalized)


@pytest.mark.parametrize(
    "norm",
    [
        nn.BatchNorm1d(4),
        nn.SyncBatchNorm(4),
        nn.InstanceNorm1d(4, affine=True),
        nn.LayerNorm((4, 4)),  # its scale is a matrix
        nn.GroupNorm(2, 4),
        nn.RMSNorm((4, 4)),
        nn.PReLU(4),
    ],
)
def test_normalizations_and_slopes_are_exempt_whatever_their_name_and_shape(norm):
    model = nn.Sequential(nn.Linear(4, 4), norm)
    assert penalized(model) == ["0.weight"]


@pytest.mark.parametrize(
    ("layer", "weights"),
    [
        (nn.Linear(3, 4), ["weight"]),
        (nn.Conv2d(3, 4, 3), ["weight"]),
        (nn.ConvTranspose1d(3, 4, 3), ["weight"]),
        (nn.Bilinear(2, 3, 4), ["weight"]),
        (nn.Embedding(5, 3), ["weight"]),
        (nn.LSTM(3, 4), ["weight_ih_l0", "weight_hh_l0"]),
        (nn.MultiheadAttention(4, 2, add_bias_kv=True), ["in_proj_weight", "out_proj.weight"]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_weights_of_layers_are_penalized_and_their_biases_are_not(layer, weights):
    split = split_parameters(layer)
    assert list(split.penalized) == weights
    assert all("bias" in name for name in split.exempt)
    assert len(split.penalized) + len(split.exempt) == len(list(layer.parameters()))


def test_a_strangers_module_is_judged_by_the_shape_of_its_parameters():
    class Mine(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.temperature = nn.Parameter(torch.tensor(1.0))
            self.mixing = nn.Parameter(torch.ones(4, 4))

    assert penalized(Mine()) == ["mixing"]


def test_further_types_can_be_exempt():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2))
    assert penalized(model, exempt=[nn.Embedding]) == ["1.weight"]


def test_tied_weights_are_listed_once_and_exempt_if_one_of_their_modules_is():
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5))
    model[1].weight = model[0].weight
    assert penalized(model) == ["0.weight"]
    assert penalized(model, exempt=[nn.Embedding]) == []


def test_groups_hold_every_parameter_once_and_decay_the_weights_alone():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), ReLUSquared(), nn.Linear(4, 2))
    decayed, rest = decay_groups(model, 0.01)
    assert [p.shape for p in decayed["params"]] == [(4, 3), (2, 4)]
    assert (decayed["weight_decay"], rest["weight_decay"]) == (0.01, 0)
    in_groups = {id(p) for group in (decayed, rest) for p in group["params"]}
    assert in_groups == {id(p) for p in model.parameters()}


def test_a_model_of_weights_alone_makes_one_group():
    groups = decay_groups(nn.Linear(3, 4, bias=False), 0.01)
    assert len(groups) == 1


def test_decay_leaves_the_exempt_alone_in_torchs_optimizer():
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    before = {name: p.clone() for name, p in model.named_parameters()}
    optimizer = torch.optim.AdamW(decay_groups(model, 0.5), lr=0.1)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.allclose(model[0].weight, before["0.weight"] * (1 - 0.1 * 0.5))
    for name in ("0.bias", "1.weight", "1.bias"):
        assert torch.equal(dict(model.named_parameters())[name], before[name])


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")
@pytest.mark.parametrize("norm", [parametrizations.weight_norm, nn.utils.weight_norm])
def test_of_a_weight_normed_layer_the_lengths_decay_and_the_directions_do_not(norm):
    model = norm(nn.Linear(4, 3))
    before = model.weight.detach().clone()
    decayed, rest = decay_groups(model, 0.5)
    assert [p.shape for p in decayed["params"]] == [(3, 1)]
    assert len(rest["params"]) == 2
    optimizer = torch.optim.AdamW([decayed, rest], lr=0.1)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    model(torch.ones(1, 4))
    assert torch.allclose(model.weight, before * (1 - 0.1 * 0.5))


def test_a_pruned_weight_decays_under_its_mask():
    layer = prune.l1_unstructured(nn.Linear(4, 3), "weight", 0.5)
    assert list(split_parameters(layer).penalized) == ["weight_orig"]


@pytest.mark.filterwarnings("ignore:.*torch.nn.utils.:FutureWarning")
@pytest.mark.parametrize(
    "norm", [parametrizations.spectral_norm, parametrizations.orthogonal, nn.utils.spectral_norm]
)
def test_where_no_parameter_can_stand_for_a_weight_it_is_refused_with_the_way_out(norm):
    model = nn.Sequential(nn.Linear(4, 3), norm(nn.Linear(3, 3)))
    with pytest.raises(
        ValueError, match=r"1.weight is computed from other parameters .*exempt=\[type\(layer\)\]"
    ):
        decay_groups(model, 0.1)
    if type(model[1]) is not nn.Linear:
        decayed, _ = decay_groups(model, 0.1, exempt=[type(model[1])])
        assert decayed["params"] == [model[0].weight]
    model[1].requires_grad_(False)
    decay_groups(model, 0.1)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_the_names_of_a_compiled_networks_weights_are_its_own():
    split = split_parameters(nn.Sequential(torch.compile(nn.Sequential(nn.Linear(3, 4)))))
    assert (list(split.penalized), list(split.exempt)) == (["0.0.weight"], ["0.0.bias"])


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="weight_decay must not be negative, got -1"):
        decay_groups(nn.Linear(2, 2), -1)
    with pytest.raises(ValueError, match="LayerNorm has no weights to decay"):
        decay_groups(nn.LayerNorm(2), 0.1)
    with pytest.raises(TypeError, match=r"got Embedding. Use \[Embedding\]"):
        split_parameters(nn.Linear(2, 2), exempt=nn.Embedding)
    with pytest.raises(TypeError, match=r"types of modules, such as nn.Embedding, got 'Embedding'"):
        split_parameters(nn.Linear(2, 2), exempt=["Embedding"])
    with pytest.raises(ValueError, match="weight of a LazyLinear has no shape yet"):
        split_parameters(nn.Sequential(nn.LazyLinear(2)))
