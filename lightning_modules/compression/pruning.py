"""Pruning: set the smallest weights of a trained network to zero, a given part of all of them.

`zero_small_` asks how small is small, this asks how many are to go. One ranking is made of all layers' weights together,
so that a layer of large weights keeps more of them. The ranking is torch's (`torch.nn.utils.prune.L1Unstructured`); its
`global_unstructured` would leave a mask beside each weight and, once that is removed, weights and biases in another
order, in which an optimizer's saved state does not fit. Whether the network can spare those weights is up to the
training before: `ProximalL1` makes room.

Han, Pool, Tran, Dally, "Learning both Weights and Connections for Efficient Neural Networks", NIPS 2015.
https://arxiv.org/abs/1506.02626
"""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.utils import prune

from lightning_modules.regularization.penalties_groups import weights_to_set
from lightning_modules.regularization.penalties_sparsity import fraction_small


@torch.no_grad()
def prune_smallest_(model: nn.Module, fraction: float, exempt: Iterable[type[nn.Module]] = ()) -> float:
    """Set, in place and for good, the given fraction of the weights to 0: those with the smallest absolute values.

    Biases and normalizations are left alone; see `split_parameters`. Training on would fill the zeros again.

    >>> model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False))
    >>> _ = model[0].weight.data.copy_(torch.tensor([[0.1, -0.2], [0.3, 4.0]]))
    >>> _ = model[1].weight.data.copy_(torch.tensor([[5.0, -0.25]]))
    >>> prune_smallest_(model, fraction=0.5)  # three of six: 0.1, -0.2 and -0.25
    0.5
    >>> model[0].weight.data, model[1].weight.data
    (tensor([[0.0000, 0.0000],
            [0.3000, 4.0000]]), tensor([[5., 0.]]))

    Args:
        model: Any module.
        fraction: The part of all weights together, from 0 to 1.
        exempt: Further types of modules whose own parameters are left alone.

    Returns:
        The fraction of the weights that are 0 now; more than asked for if more were 0 already.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If the fraction is not in [0, 1], there are no weights, one is computed from others, or one cannot be
            set: it is lazy, meta, sparse or expanded.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction is the part of the weights to set to 0, from 0 to 1, got {fraction}.")
    weights = weights_to_set(model, exempt)
    if not weights:
        raise ValueError(f"{type(model).__name__} has no weights to prune, only biases and the like.")
    everything = torch.cat([weight.flatten() for weight in weights.values()])
    kept = prune.L1Unstructured(amount=float(fraction)).compute_mask(everything, torch.ones_like(everything))
    sizes = [weight.numel() for weight in weights.values()]
    for weight, mask in zip(weights.values(), kept.split(sizes), strict=True):
        weight.masked_fill_(mask.view_as(weight) == 0, 0.0)
    return fraction_small(weights.values())
