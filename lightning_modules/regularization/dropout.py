r"""Dropout: while training, set each output of a layer to 0 with probability p, so that no unit relies on another.

What is left is scaled, so that the mean stays the same and nothing has to change in evaluation, where dropout is off:

    train    y = x m / (1 − p)        m is 0 with probability p, else 1, for each number by itself
    eval     y = x

The mean square grows by 1 / (1 − p), and in a self-normalizing network (SELU) with each layer, without end where p is
large. Alpha dropout sets numbers not to 0 but to what SELU saturates at, a' ≈ −1.7581, and then scales and shifts so
that mean 0 and variance 1 stay:

    y = a (x m + a' (1 − m)) + b        a = ((1 − p)(1 + p a'²))^(−1/2),   b = −a p a'

On inputs of another mean or variance, such as ReLU's outputs, it keeps neither. Both are torch's modules; what torch
lacks is to put them into a model.

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks from
Overfitting", JMLR 15 (2014). https://jmlr.org/papers/v15/srivastava14a.html
Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017 (alpha dropout).
https://arxiv.org/abs/1706.02515
"""

import warnings
from collections.abc import Callable, Sequence

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from lightning_modules.gradients.activations import scheme_for
from lightning_modules.module_names import as_written, modules_by_name, refuse_string
from lightning_modules.normalizations import NORMALIZATIONS

_ALPHA = (nn.AlphaDropout, nn.FeatureAlphaDropout)
_OUTPUTS = (nn.Softmax, nn.LogSoftmax, nn.LogSigmoid)


def add_dropout(
    model: nn.Module,
    rate: float,
    after: Sequence[str] | None = None,
    dropout: Callable[[float], nn.Module] | None = None,
) -> dict[str, nn.Module]:
    """Put dropout after activations of a model, in place.

    The activation is replaced by an `nn.Sequential` of itself and the dropout, so all weights keep their names and a
    checkpoint of the model without dropout still fits.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.SELU(), nn.Linear(8, 3))
    >>> add_dropout(model, rate=0.2)
    {'1': Dropout(p=0.2, inplace=False), '3': AlphaDropout(p=0.2, inplace=False)}
    >>> list(model.state_dict())[:4]
    ['0.weight', '0.bias', '2.weight', '2.bias']

    Args:
        model: Any module. Activations that are called as functions are not seen.
        rate: The probability p that a number is dropped.
        after: Names of activations, as in `model.named_modules()`. None takes every activation that a layer with
            weights comes after, in the order in which they are defined: the hidden ones. Softmax is never taken
            unless it is named.
        dropout: Called with the rate for each place: `nn.Dropout2d` drops whole channels. None takes
            `nn.AlphaDropout` after SELU and `nn.Dropout` elsewhere.

    Returns:
        The new dropout modules, by the name of the activation that each follows.

    Raises:
        TypeError: If `after` is a string.
        ValueError: If the rate is not in [0, 1), a name is unknown, no activation is found, or one already has
            dropout behind it.

    Warns:
        UserWarning: Where alpha dropout follows another activation than SELU, or SELU another dropout.
    """
    if not 0 <= rate < 1:
        raise ValueError(f"rate is the probability of dropping a number, in [0, 1), got {rate}.")
    modules = dict(modules_by_name(model, remove_duplicate=False))
    names = _hidden(model, modules) if after is None else _named(model, modules, after)
    for name in names:
        if _is_followed(name, modules):
            raise ValueError(f"{name} already has dropout behind it. Change that module's p.")
    added: dict[str, nn.Module] = {}
    wrapped: dict[nn.Module, nn.Sequential] = {}
    for name in names:
        activation = modules[name]
        if activation not in wrapped:  # one that stands in several places is one module
            chosen = _choose(activation, rate, dropout, name)
            wrapped[activation] = nn.Sequential(activation, chosen).train(activation.training)
            added[name] = chosen
        parent, _, child = name.rpartition(".")
        setattr(modules[parent], child, wrapped[activation])
    return added


def _hidden(model: nn.Module, modules: dict[str, nn.Module]) -> list[str]:
    """The activations that come before the last layer with weights."""
    hidden: list[str] = []
    since: list[str] = []
    for name, module in modules.items():
        if _is_activation(module):
            since.append(name)
        elif _has_weights(module):
            hidden, since = hidden + since, []
    if not hidden:
        seen = f" There is {', '.join(since)}, after the last layer: name it in after=." if since else ""
        raise ValueError(
            f"{type(model).__name__} has no activation module between two layers.{seen} "
            "Functions such as F.relu are not seen: make them modules."
        )
    return hidden


def _named(model: nn.Module, modules: dict[str, nn.Module], after: Sequence[str]) -> list[str]:
    refuse_string("after", after)
    for name in map(as_written, after):
        if not name or name not in modules:
            raise ValueError(
                f"{type(model).__name__} has no submodule {name!r}. Names are those of model.named_modules()."
            )
    return [as_written(name) for name in after]


def _is_followed(name: str, modules: dict[str, nn.Module]) -> bool:
    """Whether the next module of an nn.Sequential is dropout."""
    parent, _, child = name.rpartition(".")
    if not isinstance(modules[parent], nn.Sequential):
        return False
    names = list(modules[parent]._modules)
    following = names[names.index(child) + 1 :]
    return bool(following) and isinstance(modules[parent]._modules[following[0]], _DropoutNd)


def _choose(
    activation: nn.Module, rate: float, dropout: Callable[[float], nn.Module] | None, name: str
) -> nn.Module:
    is_selu = isinstance(activation, nn.SELU)
    if dropout is None:
        return nn.AlphaDropout(rate) if is_selu else nn.Dropout(rate)
    chosen = dropout(rate)
    if is_selu != isinstance(chosen, _ALPHA):
        kind = type(chosen).__name__
        why = (
            f"{kind} raises the variance that SELU networks live by; use nn.AlphaDropout"
            if is_selu
            else f"{kind} keeps mean and variance only of SELU's outputs; use nn.Dropout"
        )
        warnings.warn(f"{kind} after {type(activation).__name__} ({name}): {why}.", stacklevel=3)
    return chosen


def _is_activation(module: nn.Module) -> bool:
    return scheme_for(module) is not None and not isinstance(module, _OUTPUTS)


def _has_weights(module: nn.Module) -> bool:
    if isinstance(module, NORMALIZATIONS):
        return False
    return any(True for _ in module.parameters(recurse=False))
