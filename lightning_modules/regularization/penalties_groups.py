"""What to penalize: the weights that multiply the signal, and neither biases nor what normalizations learn.

A penalty on a bias or on a normalization's scale and shift holds back a layer's offset, and protects from nothing. Names
cannot tell them apart: a normalization in an `nn.Sequential` is called "1.weight". Modules can:

- the parameters of a normalization (batch, layer, group, RMS, local response) and of `nn.PReLU` are exempt;
- of all other modules, matrices and larger tensors are penalized, and vectors and single numbers are exempt: biases,
  and the scales of modules that are not torch's;
- the two biases of `nn.MultiheadAttention` that are shaped like tokens are exempt.

A parameter that several modules share is listed once, and is exempt if one of them exempts it.

Of a weight that is computed from others it is the weight that is to be penalized, not they. For decay there is a
parameter to stand for it where weights are normed, w = g v / ‖v‖, since ‖w‖ is |g|, and where they are pruned; elsewhere
there is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightning_modules.layer_weights import Weight, cannot_be_set, weights_of
from lightning_modules.module_names import parameters_by_name
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

    Of a weight-normed layer g is penalized, which is as long as the weight, and v is exempt.

    Args:
        model: Any module; its lazy layers must have seen a batch.
        exempt: Further types of modules whose own parameters are not penalized, such as `[nn.Embedding]`.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If a parameter of a lazy layer has no shape yet, or if no parameter can stand for a weight that is
            computed from others, as by spectral norm.
    """
    chosen: set[int] = set()
    for weight in penalized_weights(model, exempt):
        how = weight.computed
        trains = any(source.requires_grad for source in weight.sources)
        if how is not None and how.size is None and not how.is_masked and trains:
            raise ValueError(
                f"{weight.name} is computed from other parameters ({how.kind}), and a penalty on these is none on the "
                f"weight. Exempt the layer's type with exempt=[type(layer)], or make the weight plain first with "
                f"{how.remedy}."
            )
        sized = how.size if how is not None else None
        chosen |= {id(source) for source in (weight.sources if sized is None else (sized,))}
    named = dict(parameters_by_name(model))
    return PenaltySplit(
        penalized={name: p for name, p in named.items() if id(p) in chosen},
        exempt={name: p for name, p in named.items() if id(p) not in chosen},
    )


def penalized_weights(model: nn.Module, exempt: Iterable[type[nn.Module]] = ()) -> list[Weight]:
    """The weights of a model that a penalty is to act on, plain or computed from others; each once.

    >>> model = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3)), nn.LayerNorm(3))
    >>> [weight.name for weight in penalized_weights(model)]
    ['0.weight']

    Args:
        model: Any module; its lazy layers must have seen a batch.
        exempt: Further types of modules whose own weights are not penalized.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If a parameter of a lazy layer has no shape yet.
    """
    never = NEVER_PENALIZED + module_types(exempt)
    everything = list(weights_of(model))
    spared: set[int] = set()
    for weight in everything:
        if isinstance(weight.parameter, nn.UninitializedParameter):
            raise ValueError(
                f"The {weight.own_name} of a {type(weight.layer).__name__} has no shape yet. Call the model on a batch "
                "first."
            )
        is_token = isinstance(weight.layer, nn.MultiheadAttention) and weight.own_name in ("bias_k", "bias_v")
        if isinstance(weight.layer, never) or weight.ndim < 2 or is_token:
            spared |= {id(source) for source in weight.sources}
    chosen: list[Weight] = []
    for weight in everything:
        if weight.sources and not any(id(source) in spared for source in weight.sources):
            chosen.append(weight)
            spared |= {id(source) for source in weight.sources}  # what is shared comes once
    return chosen


def weights_to_set(model: nn.Module, exempt: Iterable[type[nn.Module]] = ()) -> dict[str, nn.Parameter]:
    """The weights of `split_parameters`, by name, where setting one to 0 makes the layer multiply by 0.

    Args:
        model: Any module.
        exempt: Further types of modules whose own parameters are left out.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If a weight is computed from others, or cannot be set.
    """
    weights: dict[str, nn.Parameter] = {}
    for weight in penalized_weights(model, exempt):
        if weight.parameter is None:
            assert weight.computed is not None
            raise ValueError(
                f"{weight.name} cannot be set: each of its parameters ({weight.computed.kind}) is what a weight is "
                f"computed from. Make it plain first, with {weight.computed.remedy}."
            )
        if (obstacle := cannot_be_set(weight.parameter)) is not None:
            raise ValueError(f"{weight.name} {obstacle}.")
        weights[weight.name] = weight.parameter
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

    Tokens and positions that a vision transformer holds itself are shaped like weights: `exempt=[type(transformer)]` is
    for its own parameters alone, and leaves those of its layers.

    Args:
        model: Any module.
        weight_decay: What the optimizer calls so, λ.
        exempt: Further types of modules whose own parameters are not penalized.

    Raises:
        TypeError: If `exempt` holds something else than types of modules.
        ValueError: If `weight_decay` is negative, nothing is left to penalize, or no parameter can stand for a weight
            that is computed from others, as by spectral norm.
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
