"""lightning_modules.layer_weights and module_names: what a layer computes with."""

import copy
import re
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from lightning_modules import (
    fold_batch_norm,
    initialize,
    low_latency,
    mc_dropout,
    plan_folding,
    signal,
    sparse_size,
    sparse_state_dict,
)
from lightning_modules.layer_weights import (
    cannot_be_set,
    computed_weights,
    copy_of,
    make_plain_,
    weights_of,
)
from lightning_modules.module_names import modules_by_name, parameters_by_name, without_compiler


def older(norm, layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch points to its newer form
        return norm(layer)


def pruned(layer):
    return prune.l1_unstructured(layer, "weight", 0.5)


COMPUTED = {
    "weight norm": lambda: parametrizations.weight_norm(nn.Linear(4, 3)),
    "spectral norm": lambda: parametrizations.spectral_norm(nn.Linear(4, 3)),
    "orthogonal": lambda: parametrizations.orthogonal(nn.Linear(4, 3)),
    "weight norm, older": lambda: older(nn.utils.weight_norm, nn.Linear(4, 3)),
    "spectral norm, older": lambda: older(nn.utils.spectral_norm, nn.Linear(4, 3)),
    "pruning": lambda: pruned(nn.Linear(4, 3)),
    "weight norm of a convolution": lambda: parametrizations.weight_norm(nn.Conv2d(2, 3, 3)),
}
every_kind = pytest.mark.parametrize("make", COMPUTED.values(), ids=COMPUTED)


@every_kind
def test_a_computed_weight_is_one_weight_whatever_it_is_computed_from(make):
    layer = make()
    assert [weight.name for weight in weights_of(nn.Sequential(layer))] == ["0.bias", "0.weight"]
    weight = computed_weights(layer)["weight"]
    assert {id(source) for source in weight.sources} == {
        id(p) for p in layer.parameters() if p is not layer.bias
    }
    x = torch.randn(2, 2, 5, 5) if isinstance(layer, nn.Conv2d) else torch.randn(5, 4)
    layer.eval()
    function = nn.functional.conv2d if isinstance(layer, nn.Conv2d) else nn.functional.linear
    assert torch.allclose(layer(x), function(x, weight.value(), layer.bias), atol=1e-6)


@every_kind
def test_to_look_at_a_weight_changes_nothing(make):
    layer = make().train()
    before = copy.deepcopy(layer.state_dict())
    computed_weights(layer)["weight"].value()
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())
    assert all(module.training for module in layer.modules())


@every_kind
def test_a_weight_made_plain_has_the_numbers_that_it_had(make):
    layer = make().eval()
    weight = computed_weights(layer)["weight"].value().detach().clone()
    make_plain_(layer)
    assert isinstance(layer.weight, nn.Parameter)
    assert torch.equal(layer.weight, weight)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert type(layer) in (nn.Linear, nn.Conv2d)
    assert computed_weights(layer) == {}


@every_kind
def test_a_layer_that_has_been_called_can_be_copied(make):
    layer = make()
    layer(torch.randn(2, 2, 5, 5) if isinstance(layer, nn.Conv2d) else torch.randn(5, 4))
    twin = copy_of(nn.Sequential(layer))
    assert torch.equal(twin[0].weight, layer.weight)
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in layer.parameters()}


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
def test_tensors_without_numbers_of_their_own_are_told_with_the_way_out():
    with torch.inference_mode():
        inference = torch.zeros(3)
    for tensor, reason in [
        (nn.LazyLinear(2).weight, "is lazy and has no shape yet: call the model once"),
        (torch.zeros(3, device="meta"), r"is on the meta device and holds no numbers: call model.to_empty"),
        (torch.eye(3).to_sparse(), r"is sparse \(sparse_coo\): make it dense, with to_dense"),
        (torch.eye(3).to_sparse_csr(), r"is sparse \(sparse_csr\)"),
        (torch.zeros(3, 1).expand(3, 2), r"is expanded: .* with clone\(\)"),
        (inference, "was made in inference mode"),
    ]:
        assert re.match(reason, cannot_be_set(tensor) or "")
    assert cannot_be_set(torch.zeros(1, 3).expand(1, 3)) is None
    assert cannot_be_set(torch.zeros(2, 3).T) is None


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_names_are_those_of_the_network_as_it_was_written():
    network = nn.Sequential(nn.Linear(2, 3), torch.compile(nn.Sequential(nn.ReLU(), nn.Linear(3, 1))))
    compiled = torch.compile(network)
    assert without_compiler(compiled) is network
    assert [name for name, _ in modules_by_name(compiled)] == ["", "0", "1", "1.0", "1.1"]
    assert [name for name, _ in parameters_by_name(compiled)] == [
        "0.weight",
        "0.bias",
        "1.1.weight",
        "1.1.bias",
    ]
    assert dict(modules_by_name(compiled))["1.1"] is network[1]._orig_mod[1]


def lazy():
    return nn.Sequential(
        nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2)
    ).eval()


def on_meta():
    with torch.device("meta"):
        return nn.Sequential(
            nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2)
        ).eval()


READERS = {
    "initialize": lambda model: initialize(model),
    "signal": lambda model: signal(model, torch.zeros(5, 3)),
    "plan_folding": lambda model: plan_folding(model, torch.zeros(5, 3)),
    "fold_batch_norm": lambda model: fold_batch_norm(model, torch.zeros(5, 3)),
    "low_latency": lambda model: low_latency(model, torch.zeros(5, 3)),
    "mc_dropout": lambda model: mc_dropout(model, torch.zeros(5, 3)),
    "sparse_size": sparse_size,
}


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_has_no_numbers_yet_is_refused_by_name_with_the_way_out_and_left_as_it_is(read):
    model = lazy()
    with pytest.raises(
        ValueError, match=r"^0\.weight is lazy and has no values yet\. Call the model once, with"
    ):
        read(model)
    assert type(model[0]) is nn.LazyLinear
    with pytest.raises(
        ValueError, match=r"^0\.weight is on the meta device .* model\.to_empty\(device=\"cpu\"\)"
    ):
        read(on_meta())


@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_a_lazy_model_is_neither_saved_nor_folded_without_an_example_and_what_has_shapes_is():
    for read in (sparse_state_dict, fold_batch_norm, low_latency):
        with pytest.raises(ValueError, match=r"^0\.weight is lazy"):
            read(lazy())
        read(on_meta())
