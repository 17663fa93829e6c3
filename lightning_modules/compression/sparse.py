"""Sparse storage: a file that does not hold the zeros.

A sparse tensor keeps, for each number that is not 0, the number and its place. torch's coordinate format (COO) spends
8 bytes on each index, so a float32 matrix of which the part d is not 0 takes

    dense   4 bytes a weight          sparse   (8 + 8 + 4) d bytes a weight

and is smaller only where d < 1/5: from 80% zeros on. Tensors with fewer stay dense. It is the file that gets smaller:
make the weights dense again to compute with them.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lightning_modules.regularization.penalties_groups import split_parameters
from lightning_modules.regularization.penalties_sparsity import fraction_small


@dataclass(frozen=True)
class SparseSize:
    """How much smaller a model's file is without the zeros.

    Attributes:
        zero: The fraction of the weights that are 0; biases and normalizations do not count.
        dense_bytes: The size of a file of `model.state_dict()`.
        sparse_bytes: The size of a file of `sparse_state_dict(model)`.
    """

    zero: float
    dense_bytes: int
    sparse_bytes: int

    @property
    def ratio(self) -> float:
        """How many times smaller the file is."""
        return self.dense_bytes / self.sparse_bytes


def sparse_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """A model's state in which each tensor is stored sparse if it is smaller so. `torch.save` takes it.

    >>> model = nn.Linear(10, 10)
    >>> _ = nn.init.eye_(model.weight)  # 10 of 100 weights are not 0
    >>> {name: tensor.is_sparse for name, tensor in sparse_state_dict(model).items()}
    {'weight': True, 'bias': False}

    Args:
        model: Any module.
    """
    return {name: _smaller(tensor) for name, tensor in model.state_dict().items()}


def dense_state_dict(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The way back: `model.load_state_dict(dense_state_dict(torch.load(path)))`.

    >>> model = nn.Linear(10, 10)
    >>> _ = nn.init.eye_(model.weight)
    >>> bool((dense_state_dict(sparse_state_dict(model))["weight"] == model.weight).all())
    True

    Args:
        state: What `sparse_state_dict` returned.
    """
    return {name: tensor.to_dense() if tensor.is_sparse else tensor for name, tensor in state.items()}


def sparse_size(model: nn.Module) -> SparseSize:
    """Measure both files of a model, in memory.

    >>> model = nn.Linear(100, 100)
    >>> _ = nn.init.eye_(model.weight)
    >>> sparse_size(model).zero
    0.99

    Args:
        model: Any module.

    Raises:
        ValueError: If it has no weights.
    """
    return SparseSize(
        fraction_small(split_parameters(model).penalized.values()),
        _bytes_of(model.state_dict()),
        _bytes_of(sparse_state_dict(model)),
    )


def _smaller(tensor: Tensor) -> Tensor:
    if tensor.layout != torch.strided or not tensor.ndim:
        return tensor
    index_bytes = 8 * tensor.ndim
    sparse_bytes = int(tensor.count_nonzero()) * (index_bytes + tensor.element_size())
    return tensor.to_sparse() if sparse_bytes < tensor.nbytes else tensor


def _bytes_of(state: Mapping[str, Tensor]) -> int:
    file = io.BytesIO()
    torch.save(state, file)
    return file.tell()
