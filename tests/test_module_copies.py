"""lightning_modules.module_copies: what copy.deepcopy gives, sooner."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm
from torchmetrics.classification import MulticlassAccuracy

from lightning_modules import MLP, Classifier
from lightning_modules.module_copies import deep_copy


class WithState(nn.Module):
    """Keeps things that a forward changes, one of them in two places."""

    def __init__(self):
        super().__init__()
        self.seen, self.count = [], {"calls": 0}
        self.same = self.count
        self.register_buffer("mean", torch.zeros(3))
        self.absent = None
        self.register_parameter("none", None)


class WithAWayOfItsOwn(nn.Module):
    def __deepcopy__(self, memo):
        return "its own way"


class WithSlots(nn.Module):
    __slots__ = ("kept",)

    def __init__(self):
        super().__init__()
        self.kept = [1]


MODELS = {
    "MLP": lambda: MLP([4, 3, 2], nn.Tanh, nn.BatchNorm1d),
    "convolutions": lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True), nn.Flatten()),
    "recurrent": lambda: nn.GRU(3, 4, num_layers=2),
    "attention": lambda: nn.TransformerEncoderLayer(8, 2, 16),
    "weight norm": lambda: weight_norm(nn.Linear(3, 2)),
    "metric": lambda: nn.ModuleDict({"accuracy": MulticlassAccuracy(3), "empty": nn.Sequential()}),
    "classifier": lambda: Classifier(MLP([4, 3])),
    "state": WithState,
    "slots": WithSlots,
    "lazy": lambda: nn.LazyLinear(3),
}


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_a_copy_is_what_deepcopy_makes(make):
    model = make()
    twin, other = deep_copy(model, {}), copy.deepcopy(model)
    assert [(name, type(one)) for name, one in twin.named_modules()] == [
        (name, type(one)) for name, one in other.named_modules()
    ]
    for one, its_copy, expected in zip(model.modules(), twin.modules(), other.modules(), strict=True):
        assert one is not its_copy
        assert {name: type(value) for name, value in its_copy.__dict__.items()} == {
            name: type(value) for name, value in expected.__dict__.items()
        }
        for name, value in its_copy.__dict__.items():
            if isinstance(value, dict | list | set):
                assert value is not one.__dict__[name]
    for one, its_copy in zip(model.parameters(), twin.parameters(), strict=True):
        assert one is not its_copy
        assert (type(one), one.requires_grad) == (type(its_copy), its_copy.requires_grad)
    if not isinstance(model, nn.LazyLinear):
        states = model.state_dict(), twin.state_dict()
        assert states[0].keys() == states[1].keys()
        for name, value in states[0].items():
            assert torch.equal(value, states[1][name])
            assert value.data_ptr() != states[1][name].data_ptr()


def test_what_stands_in_two_places_is_one_in_the_copy():
    layer, model = nn.Linear(3, 3), nn.Module()
    model.first, model.second, model.state = layer, nn.Sequential(layer, nn.Linear(3, 3)), WithState()
    model.second[1].weight = layer.weight
    model.listed = [layer, layer.bias]
    twin = deep_copy(model, {})
    assert twin.first is twin.second[0] is twin.listed[0]
    assert twin.first.weight is twin.second[1].weight
    assert twin.first.bias is twin.listed[1]
    assert twin.state.same is twin.state.count
    twin.state.count["calls"] += 1
    assert model.state.count == {"calls": 0}


def test_what_is_in_the_memo_is_not_copied_again():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    stand_in, weight = nn.Tanh(), nn.Parameter(torch.ones(2, 2))
    twin = deep_copy(model, {id(model[1]): stand_in, id(model[0].weight): weight})
    assert twin[1] is stand_in
    assert twin[0].weight is weight


def test_a_module_that_says_how_it_is_copied_is_asked():
    model = nn.Sequential(nn.ReLU())
    model.inner = [WithAWayOfItsOwn()]
    model._modules["0"] = WithAWayOfItsOwn()
    twin = deep_copy(model, {})
    assert (twin._modules["0"], twin.inner) == ("its own way", ["its own way"])


def test_hooks_and_modes_come_along_and_a_graph_does_not():
    model = nn.Sequential(nn.Linear(2, 2)).eval()
    model[0].register_forward_hook(lambda module, args, output: output + 1)
    model._compiled_call_impl = lambda *args: None  # as module.compile() leaves it
    twin = deep_copy(model, {})
    x = torch.ones(1, 2)
    assert not twin.training
    assert torch.equal(twin[0](x), model[0](x))
    assert "_compiled_call_impl" not in twin.__dict__
