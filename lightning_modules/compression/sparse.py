"""Sparse storage: a file that does not hold the zeros.

A sparse tensor keeps, for each number that is not 0, the number and its place. torch's coordinate format (COO) spends
8 bytes on each index, so a float32 matrix of which the part d is not 0 takes

    dense   4 bytes a weight          sparse   (8 + 8 + 4) d bytes a weight

and is smaller only where d < 1/5: from 80% zeros on. Tensors with fewer stay dense. It is the file that gets smaller:
make the weights dense again to compute with them.

What the model itself keeps sparse stays so. In the file it is told from what was made sparse by one mark: it is not
called coalesced, torch's word for sorted indices without repetition. And what a module saves that is no tensor
(`get_extra_state`) is handed on as it is.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lightning_modules.layer_weights import refuse_without_numbers
from lightning_modules.regularization.penalties_groups import penalized_weights
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


def sparse_state_dict(model: nn.Module) -> dict[str, Any]:
    """A model's state in which each tensor is stored sparse if it is smaller so. `torch.save` takes it.

    >>> model = nn.Linear(10, 10)
    >>> _ = nn.init.eye_(model.weight)  # 10 of 100 weights are not 0
    >>> {name: tensor.is_sparse for name, tensor in sparse_state_dict(model).items()}
    {'weight': True, 'bias': False}

    Args:
        model: Any module.

    Raises:
        ValueError: If a layer is lazy and has no values yet.
    """
    refuse_without_numbers(model, meta_too=False)
    made: dict[Any, Tensor] = {}  # what is shared is stored once, as in a dense file
    return {name: _smaller(value, made) for name, value in model.state_dict().items()}


def dense_state_dict(state: Mapping[str, Any]) -> dict[str, Any]:
    """The way back: `model.load_state_dict(dense_state_dict(torch.load(path)))`.

    >>> model = nn.Linear(10, 10)
    >>> _ = nn.init.eye_(model.weight)
    >>> bool((dense_state_dict(sparse_state_dict(model))["weight"] == model.weight).all())
    True

    Args:
        state: What `sparse_state_dict` returned.
    """
    made: dict[int, Tensor] = {}
    return {name: _dense(value, made) for name, value in state.items()}


def sparse_size(model: nn.Module) -> SparseSize:
    """Measure both files of a model, in memory.

    >>> model = nn.Linear(100, 100)
    >>> _ = nn.init.eye_(model.weight)
    >>> sparse_size(model).zero
    0.99

    Args:
        model: Any module.

    Raises:
        ValueError: If it has no weights, or one that has no values yet.
    """
    refuse_without_numbers(model)
    return SparseSize(
        fraction_small(weight.value() for weight in penalized_weights(model)),
        _bytes_of(model.state_dict()),
        _bytes_of(sparse_state_dict(model)),
    )


def _smaller(value: Any, made: dict[Any, Tensor]) -> Any:
    if isinstance(value, Tensor) and value.is_sparse:
        return _marked(value)
    if not isinstance(value, Tensor) or value.layout != torch.strided or not value.ndim or value.is_meta:
        return value
    index_bytes = 8 * value.ndim
    sparse_bytes = int(value.count_nonzero()) * (index_bytes + value.element_size())
    if sparse_bytes >= value.nbytes:
        return value
    place = (value.data_ptr(), value.shape, value.stride(), value.dtype, value.device)
    if place not in made:
        made[place] = value.to_sparse()
    return made[place]


def _marked(tensor: Tensor) -> Tensor:
    """The same numbers at the same places, but not said to be coalesced."""
    return torch.sparse_coo_tensor(
        tensor._indices(), tensor._values(), tensor.shape, is_coalesced=False, check_invariants=False
    )


def _dense(value: Any, made: dict[int, Tensor]) -> Any:
    if not isinstance(value, Tensor) or not value.is_sparse:
        return value
    if id(value) not in made:
        made[id(value)] = value.to_dense() if value.is_coalesced() else value.coalesce()
    return made[id(value)]


def _bytes_of(state: Mapping[str, Any]) -> int:
    file = io.BytesIO()
    torch.save(state, file)
    return file.tell()
