"""lightning_modules.optimizers.muon_split."""

import pytest
import torch
from torch import nn

from lightning_modules import MLP, split_for_muon


def matrices(model, others=(), **arguments):
    return list(split_for_muon(model, others, **arguments).matrices)


def test_the_weights_of_hidden_layers_are_muons():
    assert matrices(MLP([4, 8, 8, 3]), ["5"]) == ["1.weight", "3.weight"]


def test_every_parameter_is_on_one_side():
    network = MLP([4, 8, 8, 3], normalization=nn.BatchNorm1d)
    split = split_for_muon(network, ["7"])
    assert split.matrices.keys() | split.others.keys() == dict(network.named_parameters()).keys()
    assert not split.matrices.keys() & split.others.keys()


@pytest.mark.parametrize(
    "layer",
    [
        nn.Embedding(5, 4),
        nn.EmbeddingBag(5, 4),
        nn.LayerNorm([3, 4]),
        nn.Conv2d(2, 4, 3),
        nn.PReLU(4),
        nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)),
    ],
)
def test_these_are_not(layer):
    assert matrices(nn.Sequential(layer, nn.Linear(4, 4))) == ["1.weight"]


def test_a_transformers_layer_has_four():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    assert matrices(layer) == [
        "self_attn.in_proj_weight",
        "self_attn.out_proj.weight",
        "linear1.weight",
        "linear2.weight",
    ]


def test_names_may_be_patterns_parameters_and_whole_modules():
    model = nn.ModuleDict({"body": MLP([4, 8, 8, 8]), "a_head": nn.Linear(8, 2), "b_head": nn.Linear(8, 2)})
    assert matrices(model, ["*_head", "body.1.weight"]) == ["body.3.weight", "body.5.weight"]
    assert matrices(model, ["body"]) == ["a_head.weight", "b_head.weight"]


def test_a_type_of_module_can_be_left_out():
    class Token(nn.Module):
        def __init__(self):
            super().__init__()
            self.positions = nn.Parameter(torch.zeros(5, 4))
            self.layer = nn.Linear(4, 4)

    assert matrices(Token()) == ["positions", "layer.weight"]
    assert matrices(Token(), exempt=[Token]) == matrices(Token(), ["positions"]) == ["layer.weight"]


def test_a_weight_that_is_tied_to_a_head_or_an_embedding_is_not_muons():
    model = nn.Sequential(nn.Embedding(4, 4), nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    model[3].weight = model[0].weight
    assert matrices(model) == ["1.weight", "2.weight"]
    model[3].weight = model[2].weight
    assert matrices(model, ["3"]) == ["1.weight"]


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's compiler, when it is imported
def test_names_are_those_without_the_compiler():
    model = nn.Sequential(torch.compile(MLP([4, 8, 8])), nn.Linear(8, 2))
    assert matrices(model, ["1"]) == ["0.1.weight", "0.3.weight"]
    assert matrices(model, ["0._orig_mod.1", "1"]) == ["0.3.weight"]


def test_bad_names_are_refused():
    network = MLP([4, 8, 3])
    with pytest.raises(TypeError, match=r"others must be a list of names, got the string '3'"):
        split_for_muon(network, "3")
    with pytest.raises(ValueError, match=r"MLP has no parameters in head, which others names.* are 1, 3\."):
        split_for_muon(network, ["head"])
    with pytest.raises(ValueError, match=r"no parameters in he\*"):
        split_for_muon(network, ["he*"])
    with pytest.raises(TypeError, match="exempt holds types of modules"):
        split_for_muon(network, ["3"], exempt=["Linear"])


def test_a_model_without_hidden_matrices_is_refused():
    with pytest.raises(ValueError, match=r"MLP has no matrix of a hidden layer beside \['1'\].*AdamW"):
        split_for_muon(MLP([4, 3]), ["1"])


def test_a_lazy_layer_is_refused():
    with pytest.raises(ValueError, match="no shape yet"):
        split_for_muon(nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 4)), ["1"])
