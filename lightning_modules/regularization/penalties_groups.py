"""What to penalize: the weights that multiply the signal, and neither biases nor what normalizations learn.

A penalty on a bias or on a normalization's scale and shift holds back a layer's offset, and protects from nothing. Names
cannot tell them apart: a normalization in an `nn.Sequential` is called "1.weight". Modules can:

- the parameters of a normalization (batch, layer, group, RMS, local response) and of `nn.PReLU` are exempt;
- of all other modules, matrices and larger tensors are penalized, and vectors and single numbers are exempt: biases,
  and the scales of modules that are not torch's;
- the two biases of `nn.MultiheadAttention` that are shaped like tokens are exempt.

A parameter that several modules share is listed once, and is exempt if one of them exempts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightning_modules.normalizations import NORMALIZATIONS

NEVER_PENALIZED: tuple[type[nn.Module], ...] = (*NORMALIZATIONS, nn.LocalResponseNorm, nn.PReLU)
"""Modules whose own parameters are not penalized."""


@dataclass(frozen=True)
class PenaltySplit:
    """The parameters of a model by what a penalty does with them.

    Attributes:
        penalized: By name, as in `model.named_parameters()`.
        exempt: By name, all others.
    """

    penalized: dict[str, nn.Parameter]
    exempt: dict[str, nn.Parameter]


def split_parameters(model: nn.Module, exempt: Iterable[type[nn.Module]] = ()) -> PenaltySplit:
    """Divide the parameters of a model, by the type of the module that each belongs to.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.PReLU(), nn.Linear(4, 2))
    >>> split = split_parameters(model)
    >>> list(split.penalized), list(split.exempt)
    (['0.weight', '3.weight'], ['0.bias', '1.weight', '1.bias', '2.weight', '3.bias'])

    Args:
        model: Any module; its lazy layers must have seen a batch.
        exempt: Further types of modules whose own parameters are not penalized, such as `[nn.Embedding]`.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If a parameter of a lazy layer has no shape yet.
    """
    never = NEVER_PENALIZED + module_types(exempt)
    spared: set[int] = set()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(parameter, nn.UninitializedParameter):
                raise ValueError(
                    f"The {name} of a {type(module).__name__} has no shape yet. Call the model on a batch first."
                )
            is_token = isinstance(module, nn.MultiheadAttention) and name in ("bias_k", "bias_v")
            if isinstance(module, never) or parameter.ndim < 2 or is_token:
                spared.add(id(parameter))
    named = dict(model.named_parameters())
    return PenaltySplit(
        penalized={name: p for name, p in named.items() if id(p) not in spared},
        exempt={name: p for name, p in named.items() if id(p) in spared},
    )


def weights_to_set(model: nn.Module, exempt: Iterable[type[nn.Module]] = ()) -> dict[str, nn.Parameter]:
    """The weights of `split_parameters`, by name, where setting one to 0 makes the layer multiply by 0.

    Args:
        model: Any module.
        exempt: Further types of modules whose own parameters are left out.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If a weight is computed from others, by a parametrization.
    """
    weights = split_parameters(model, exempt).penalized
    for name in weights:
        if ".parametrizations." in f".{name}":
            raise ValueError(f"{name} is what a weight is computed from. Remove the parametrization first.")
    return weights


def decay_groups(
    model: nn.Module, weight_decay: float, exempt: Iterable[type[nn.Module]] = ()
) -> list[dict[str, Any]]:
    """Parameter groups for any torch optimizer: weights with decay, and the rest without.

    With `torch.optim.SGD` and `Adam` decay is an ℓ2 penalty, λ/2 ‖w‖² added to the loss; with `AdamW` it is not.

    >>> import torch
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    >>> optimizer = torch.optim.AdamW(decay_groups(model, weight_decay=0.01))
    >>> [(group["weight_decay"], len(group["params"])) for group in optimizer.param_groups]
    [(0.01, 1), (0.0, 3)]

    Args:
        model: Any module.
        weight_decay: What the optimizer calls so, λ.
        exempt: Further types of modules whose own parameters are not penalized.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If `weight_decay` is negative, or nothing is left to penalize.
    """
    if not weight_decay >= 0:
        raise ValueError(f"weight_decay must not be negative, got {weight_decay}.")
    split = split_parameters(model, exempt)
    if not split.penalized:
        raise ValueError(f"{type(model).__name__} has no weights to decay, only biases and the like.")
    groups = [
        {"params": list(split.penalized.values()), "weight_decay": weight_decay},
        {"params": list(split.exempt.values()), "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def module_types(exempt: Iterable[type[nn.Module]]) -> tuple[type[nn.Module], ...]:
    """The types in `exempt` as a tuple, if all are types of modules.

    Raises:
        TypeError: If one is not.
    """
    if isinstance(exempt, type):
        raise TypeError(f"exempt is a list of types, got {exempt.__name__}. Use [{exempt.__name__}].")
    types = tuple(exempt)
    for kind in types:
        if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
            raise TypeError(f"exempt holds types of modules, such as nn.Embedding, got {kind!r}.")
    return types
