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


def test_single_numbers_stay_as_they_are_and_so_does_what_is_sparse_already():
    model = nn.BatchNorm1d(2)
    model.register_buffer("places", torch.eye(20).to_sparse())
    state = sparse_state_dict(model)
    assert state["num_batches_tracked"].layout == torch.strided
    assert state["places"].layout == torch.sparse_coo
    assert torch.equal(state["places"].to_dense(), torch.eye(20))
