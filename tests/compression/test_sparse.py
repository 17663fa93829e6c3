"""lightning_modules.compression.sparse: files without the zeros."""

import pytest
import torch
from torch import nn

from lightning_modules import MLP, dense_state_dict, prune_smallest_, sparse_size, sparse_state_dict


def pruned(fraction, model=None):
    torch.manual_seed(0)
    model = model or MLP([100, 200, 10])
    prune_smallest_(model, fraction)
    return model


@pytest.mark.parametrize(("ones", "is_sparse"), [(19, True), (20, False), (21, False)])
def test_a_matrix_is_stored_sparse_where_less_than_a_fifth_is_not_zero(ones, is_sparse):
    layer = nn.Linear(10, 10)  # 400 bytes dense, 20 bytes a number sparse
    layer.weight.data = torch.tensor([1.0] * ones + [0.0] * (100 - ones)).reshape(10, 10)
    assert sparse_state_dict(layer)["weight"].is_sparse == is_sparse


@pytest.mark.parametrize(
    "model",
    [
        MLP([100, 200, 10]),
        nn.Sequential(nn.Conv2d(4, 40, 5), nn.BatchNorm2d(40)),
        nn.Linear(50, 50).to(torch.bfloat16),
    ],
    ids=["dense", "convolution", "bfloat16"],
)
def test_what_is_loaded_from_the_file_is_what_was_saved(model, tmp_path):
    pruned(0.95, model)
    torch.save(sparse_state_dict(model), tmp_path / "sparse.pt")
    loaded = dense_state_dict(torch.load(tmp_path / "sparse.pt", weights_only=True))
    assert any(tensor.is_sparse for tensor in sparse_state_dict(model).values())
    assert list(loaded) == list(model.state_dict())
    for mine, theirs in zip(loaded.values(), model.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
        assert mine.dtype == theirs.dtype


def test_sizes_are_those_of_the_files(tmp_path):
    model = pruned(0.95)
    torch.save(model.state_dict(), tmp_path / "dense.pt")
    torch.save(sparse_state_dict(model), tmp_path / "sparse.pt")
    size = sparse_size(model)
    # The archive holds its own file name, so a file and memory differ by some bytes.
    assert size.dense_bytes == pytest.approx((tmp_path / "dense.pt").stat().st_size, abs=300)
    assert size.sparse_bytes == pytest.approx((tmp_path / "sparse.pt").stat().st_size, abs=300)
    assert size.zero == pytest.approx(0.95, abs=1e-4)
    assert size.ratio == size.dense_bytes / size.sparse_bytes > 2.5


def test_a_dense_network_is_no_larger_for_it():
    size = sparse_size(pruned(0.0))
    assert size.zero == 0
    assert size.ratio == pytest.approx(1, abs=0.01)


def test_a_model_without_weights_has_no_sparsity():
    with pytest.raises(ValueError, match="no weights"):
        sparse_size(nn.ReLU())


class Graph(nn.Module):
    """A model that keeps a sparse matrix, and a vocabulary, which is no tensor."""

    def __init__(self, layout="coo"):
        super().__init__()
        self.layer = nn.Linear(10, 10)
        nn.init.eye_(self.layer.weight)
        edges = torch.eye(10).to_sparse() if layout == "coo" else torch.eye(10).to_sparse_csr()
        self.register_buffer("edges", edges)
        self.words = {"a": 1}

    def get_extra_state(self):
        return {"words": self.words}

    def set_extra_state(self, state):
        self.words = state["words"]


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support:UserWarning")
@pytest.mark.parametrize("layout", ["coo", "csr"])
@pytest.mark.parametrize("by_file", [False, True])
def test_what_the_model_keeps_sparse_stays_sparse(layout, by_file, tmp_path):
    model, other = Graph(layout), Graph(layout)
    model.edges = model.edges * 3
    model.words = {"b": 2}
    state = sparse_state_dict(model)
    assert state["layer.weight"].is_sparse
    if by_file:
        torch.save(dict(state), tmp_path / "sparse.pt")
        state = torch.load(tmp_path / "sparse.pt", weights_only=True)
    dense = dense_state_dict(state)
    assert dense["edges"].layout == model.edges.layout
    assert not dense["layer.weight"].is_sparse
    other.load_state_dict(dense)
    assert torch.equal(other.edges.to_dense(), model.edges.to_dense())
    assert torch.equal(other.layer.weight, model.layer.weight)
    assert other.words == {"b": 2}
    assert layout == "csr" or other.edges.is_coalesced()


def test_what_is_shared_is_stored_once():
    model = nn.Sequential(nn.Linear(100, 100, bias=False), nn.Linear(100, 100, bias=False))
    nn.init.eye_(model[0].weight)
    alone = sparse_size(model[0]).sparse_bytes
    model[1].weight = model[0].weight
    state = sparse_state_dict(model)
    assert state["0.weight"] is state["1.weight"]
    assert sparse_size(model).sparse_bytes < 1.3 * alone


def test_the_zeros_of_a_normed_layer_are_those_of_its_weight():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 2))
    with torch.no_grad():
        layer.parametrizations.weight.original1.copy_(torch.tensor([[1.0, 0, 0, 0], [0, 1.0, 0, 0]]))
    assert sparse_size(layer).zero == 6 / 8


def test_single_numbers_stay_as_they_are_and_so_does_what_is_sparse_already():
    model = nn.BatchNorm1d(2)
    model.register_buffer("places", torch.eye(20).to_sparse())
    state = sparse_state_dict(model)
    assert state["num_batches_tracked"].layout == torch.strided
    assert state["places"].layout == torch.sparse_coo
    assert torch.equal(state["places"].to_dense(), torch.eye(20))
