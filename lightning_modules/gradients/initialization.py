r"""Initialization: draw the weights so that signals and gradients keep their variance from layer to layer.

With n_in = `fan_in` inputs reaching a unit and n_out = `fan_out` units reached by an input, the weights'
variance is

    Glorot   σ² = 2 / (n_in + n_out)       sigmoid, tanh, softmax, no activation
    He       σ² = 2 / ((1 + a²) n_in)      ReLU and its family; a = `negative_slope` of a leaky one, else 0
    LeCun    σ² = 1 / n_in                 SELU

drawn from a normal distribution N(0, σ²), from a uniform one on ±√(3 σ²), or as an orthogonal matrix times
the gain √(2 / (1 + a²)) for He and 1 for the others. Biases start at 0.

- LeCun, Bottou, Orr, Müller, "Efficient BackProp", 1998, section 4.6.
  http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
- Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
  https://proceedings.mlr.press/v9/glorot10a.html
- He, Zhang, Ren, Sun, "Delving Deep into Rectifiers", ICCV 2015. https://arxiv.org/abs/1502.01852
- Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
  networks", ICLR 2014. https://arxiv.org/abs/1312.6120
- Klambauer, Unterthiner, Mayr, Hochreiter, "Self-Normalizing Neural Networks", NeurIPS 2017.
  https://arxiv.org/abs/1706.02515
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

import torch
from torch import Generator, Tensor, nn
from torch.nn.modules.conv import _ConvTransposeNd

from lightning_modules.gradients.activations import Scheme, scheme_for
from lightning_modules.gradients.fans import Fans, fans
from lightning_modules.gradients.following import (
    Following,
    Nothing,
    WeightLayer,
    in_order,
    is_weight_layer,
    watched,
)
from lightning_modules.gradients.initialization_report import (
    Distribution,
    InitializationReport,
    LayerReport,
)
from lightning_modules.layer_weights import cannot_be_set, refuse_without_numbers, weights_of_layer
from lightning_modules.module_names import modules_by_name
from lightning_modules.normalizations import NORMALIZATIONS

_How = tuple[str, str, float, float, Scheme, Distribution, float]
"""What a report says of a drawn layer, from its kind to the standard deviation aimed at."""


def variance(scheme: Scheme, fan_in: float, fan_out: float, negative_slope: float = 0.0) -> float:
    """The variance σ² that a scheme gives the weights.

    >>> variance("glorot", fan_in=300, fan_out=100)  # 2 / 400
    0.005
    >>> variance("he", fan_in=200, fan_out=100)  # 2 / 200
    0.01
    >>> variance("lecun", fan_in=100, fan_out=50)  # 1 / 100
    0.01

    Args:
        scheme: "glorot", "he" or "lecun".
        fan_in: Inputs that reach a unit.
        fan_out: Units that an input reaches. Only Glorot's scheme uses it.
        negative_slope: The slope of a leaky ReLU for negative inputs. Only He's scheme uses it.

    Raises:
        ValueError: If the scheme is unknown or a fan is not positive.
    """
    if not (fan_in > 0 and fan_out > 0):
        raise ValueError(
            f"A layer needs positive fans to be initialized, got fan_in {fan_in} and fan_out {fan_out}."
        )
    if scheme == "glorot":
        return 2 / (fan_in + fan_out)
    if scheme == "he":
        return 2 / ((1 + negative_slope**2) * fan_in)
    if scheme == "lecun":
        return 1 / fan_in
    raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, got {scheme!r}.")


@torch.no_grad()
def initialize_(
    weight: Tensor,
    scheme: Scheme,
    distribution: Distribution = "normal",
    *,
    negative_slope: float = 0.0,
    generator: Generator | None = None,
) -> Tensor:
    """Draw, in place, the weights of one dense layer, or of one convolution without groups or stride.

    >>> weight = initialize_(torch.empty(100, 300), "he", "uniform")
    >>> bool(weight.abs().max() <= (3 * 2 / 300) ** 0.5)
    True

    Args:
        weight: Shape (units, inputs, *kernel).
        scheme: "glorot", "he" or "lecun".
        distribution: "normal", "uniform" or "orthogonal".
        negative_slope: The slope of the leaky ReLU that follows, if one does.
        generator: Where the random numbers come from. None is torch's global generator.

    Returns:
        The same tensor.

    Raises:
        ValueError: If `weight` has fewer than two dimensions, or an argument is unknown.
    """
    if weight.ndim < 2:
        raise ValueError(
            f"Fans need a weight of shape (units, inputs, ...), got shape {tuple(weight.shape)}."
        )
    positions = math.prod(weight.shape[2:])
    layer_fans = Fans(float(weight.shape[1] * positions), float(weight.shape[0] * positions))
    _draw_([weight], scheme, distribution, layer_fans, negative_slope, generator)
    return weight


@torch.no_grad()
def initialize(
    model: nn.Module,
    scheme: Scheme | None = None,
    distribution: Distribution = "normal",
    *,
    activation: nn.Module | type[nn.Module] | None = None,
    example: Any = None,
    generator: Generator | None = None,
) -> InitializationReport:
    """Initialize a whole model, each weight layer as the activation behind it needs.

    Dense layers, convolutions and transposed convolutions get new weights and zero biases; normalizations get
    weight 1 and bias 0. A weight that several layers share is drawn once. What is frozen, parametrized, an
    embedding or of a kind that is not known stays as it is, and the report says so. Where only a layer's weight
    stays, its bias becomes 0 all the same.

    In an `nn.Sequential` the activations can be seen. For a model that calls functions, or its modules in an
    order of its own, pass `example`: one forward pass is watched, in evaluation mode and without gradients.

    >>> model = nn.Sequential(nn.Linear(200, 50), nn.ReLU(), nn.Linear(50, 30), nn.Tanh(), nn.Linear(30, 10))
    >>> for row in initialize(model):
    ...     print(row.name, row.scheme, f"{row.target_std:.4f}", row.note)
    0 he 0.1000 before ReLU
    2 glorot 0.1581 before Tanh
    4 glorot 0.2236 before no activation

    The three are sqrt(2 / 200), sqrt(2 / (50 + 30)) and sqrt(2 / (30 + 10)).

    Args:
        model: Any module; a LightningModule is one.
        scheme: Use this one for every layer, whatever follows.
        distribution: "normal", "uniform" or "orthogonal".
        activation: What follows a layer wherever that cannot be seen (but after the last layer, which is the
            output).
        example: An input to call the model with, or a tuple of several.
        generator: Where the random numbers come from. None is torch's global generator.

    Raises:
        ValueError: If it cannot be seen what follows a layer, and nothing says it; if a parameter has no
            values yet, or cannot be set because it is sparse or expanded; if an argument is unknown.
    """
    if scheme not in (None, *get_args(Scheme)):
        raise ValueError(f"scheme must be one of {', '.join(get_args(Scheme))}, got {scheme!r}.")
    if distribution not in get_args(Distribution):
        raise ValueError(
            f"distribution must be one of {', '.join(get_args(Distribution))}, got {distribution!r}."
        )
    modules = list(modules_by_name(model))
    refuse_without_numbers(model)
    for name, module in modules:
        if not is_weight_layer(module) and not isinstance(module, NORMALIZATIONS):
            continue
        for weight in weights_of_layer(module, name):
            if weight.parameter is None or not weight.parameter.requires_grad:
                continue
            if (obstacle := cannot_be_set(weight.parameter)) is not None:
                raise ValueError(f"{weight.name} {obstacle}.")
    given = activation() if isinstance(activation, type) else activation
    if given is not None and scheme is None and scheme_for(given) is None:
        raise ValueError(
            f"No scheme is known for {type(given).__name__}. Pass scheme=, or set "
            f"lightning_modules.gradients.activations.SCHEME_FOR[{type(given).__name__}]."
        )
    following = _following(model, modules, scheme, given, example)

    owner = {id(p): name or "(model)" for name, _, p in _parameters(_left_alone(modules))}
    how: dict[str, _How] = {}
    spreads: list[Tensor] = []  # of each weight before and after, read together at the end
    reports: dict[str, LayerReport] = {}
    for name, module in modules:
        own = {own_name: p for own_name, p in module._parameters.items() if p is not None}
        label = name or "(model)"
        kind = type(module).__name__
        if is_weight_layer(module):
            obstacle = _obstacle(own.get("weight"), owner)
            if obstacle is None:
                owner[id(own["weight"])] = label
                spreads.append(own["weight"].float().std(correction=0))
                how[label] = _draw_layer(module, scheme, distribution, following[module], generator)
                spreads.append(own["weight"].float().std(correction=0))
            else:
                reports[label] = LayerReport(label, kind, f"left as it is: {obstacle}")
            _fill_(own.get("bias"), 0.0)
        elif isinstance(module, NORMALIZATIONS) and own:
            _fill_(own.get("weight"), 1.0)
            _fill_(own.get("bias"), 0.0)
            reports[label] = LayerReport(label, kind, ", ".join(f"{n} {int(n == 'weight')}" for n in own))
        elif own:
            reports[label] = LayerReport(label, kind, f"left as it is: {', '.join(own)}")
    stds = iter(_numbers(spreads))
    for label, row in how.items():
        reports[label] = LayerReport(label, *row, next(stds), next(stds))
    labels = (name or "(model)" for name, _ in modules)
    return InitializationReport(tuple(reports[label] for label in labels if label in reports))


def negative_slope_of(activation: nn.Module) -> float:
    """The slope a of He's formula: fixed, in the (quadratic) mean over a random one, or as it is learned so far.

    >>> negative_slope_of(nn.LeakyReLU(0.2)), negative_slope_of(nn.ReLU())
    (0.2, 0.0)

    Args:
        activation: Any module; 0 for all but leaky, randomized and parametric ReLU.
    """
    if isinstance(activation, nn.LeakyReLU):
        return float(activation.negative_slope)
    if isinstance(activation, nn.RReLU):
        low, high = activation.lower, activation.upper
        return math.sqrt((low * low + low * high + high * high) / 3)
    if isinstance(activation, nn.PReLU):
        return activation.weight.detach().square().mean().sqrt().item()
    return 0.0


def _draw_layer(
    layer: WeightLayer,
    scheme: Scheme | None,
    distribution: Distribution,
    follower: Following,
    generator: Generator | None,
) -> _How:
    """Draw its weight, and return how: from `kind` to `target_std` of its report."""
    activation = follower if isinstance(follower, nn.Module) else None
    chosen: Scheme = scheme or (scheme_for(activation) if activation is not None else None) or "glorot"
    layer_fans = fans(layer)
    slope = negative_slope_of(activation) if activation is not None else 0.0
    target = _draw_(_blocks(layer), chosen, distribution, layer_fans, slope, generator)
    follows = type(follower).__name__ if isinstance(follower, nn.Module) else follower.value
    return type(layer).__name__, f"before {follows}", *layer_fans, chosen, distribution, target


def _draw_(
    blocks: Sequence[Tensor],
    scheme: Scheme,
    distribution: Distribution,
    layer_fans: Fans,
    negative_slope: float,
    generator: Generator | None,
) -> float:
    """Fill blocks of shape (units, inputs, *kernel), one per group, and return the standard deviation aimed at."""
    target_variance = variance(scheme, *layer_fans, negative_slope)
    std = math.sqrt(target_variance)
    if distribution == "normal":
        for block in blocks:
            block.normal_(0, std, generator=generator)
    elif distribution == "uniform":
        bound = math.sqrt(3) * std
        for block in blocks:
            block.uniform_(-bound, bound, generator=generator)
    elif distribution == "orthogonal":
        rows = len(blocks[0])
        columns = blocks[0][0].numel()
        gain_squared = 2 / (1 + negative_slope**2) if scheme == "he" else 1.0
        # A strided transposed convolution uses only fan_in of its columns for each output.
        gain = math.sqrt(gain_squared * columns / layer_fans.fan_in)
        for block in blocks:
            # In a layout and a precision that the decomposition can work with.
            precise = torch.promote_types(block.dtype, torch.float32)
            matrix = torch.empty(block.shape, dtype=precise, device=block.device)
            block.copy_(nn.init.orthogonal_(matrix, gain, generator=generator))
        std = gain / math.sqrt(max(rows, columns))
    else:
        raise ValueError(
            f"distribution must be one of {', '.join(get_args(Distribution))}, got {distribution!r}."
        )
    return std


def _blocks(layer: WeightLayer) -> Sequence[Tensor]:
    """Views of the weight with the units first, one for each group of channels."""
    if isinstance(layer, nn.Linear):
        return [layer.weight]
    groups = layer.weight.chunk(layer.groups)
    return [group.transpose(0, 1) for group in groups] if isinstance(layer, _ConvTransposeNd) else groups


def _following(
    model: nn.Module,
    modules: Sequence[tuple[str, nn.Module]],
    scheme: Scheme | None,
    given: nn.Module | None,
    example: Any,
) -> dict[nn.Module, Following]:
    layers: dict[nn.Module, str] = {module: name for name, module in modules if is_weight_layer(module)}

    def is_activation(module: nn.Module) -> bool:
        return scheme_for(module) is not None

    seen = watched(model, example, is_activation) if example is not None else in_order(model, is_activation)
    found: dict[nn.Module, Following] = {layer: seen.get(layer, Nothing.UNKNOWN) for layer in layers}
    # What follows a frozen layer, such as one of a teacher, need not be known: it is not drawn.
    unknown = [
        layer
        for layer, follower in found.items()
        if follower is Nothing.UNKNOWN and any(p.requires_grad for p in layer.parameters(recurse=False))
    ]
    if given is not None:
        found |= dict.fromkeys(unknown, given)
    elif unknown and scheme is None:
        names = ", ".join(layers[layer] for layer in unknown)
        way_out = (
            "model(example) does not call it. "
            if example is not None
            else "Pass example=, an input to call it with and watch. "
        )
        raise ValueError(
            f"It cannot be seen which activation follows {names}. {way_out}"
            "If the same one follows them all, pass activation=, such as nn.ReLU; to choose yourself, pass scheme=."
        )
    return found


def _parameters(modules: Iterable[tuple[str, nn.Module]]) -> Iterator[tuple[str, str, nn.Parameter]]:
    """The own parameters of modules: the module's name, theirs in it, and themselves."""
    for name, module in modules:
        for own_name, parameter in module._parameters.items():
            if parameter is not None:
                yield name, own_name, parameter


def _left_alone(modules: Iterable[tuple[str, nn.Module]]) -> Iterator[tuple[str, nn.Module]]:
    """Embeddings and whatever else has weights that are not drawn here, even if a weight layer shares them."""
    for name, module in modules:
        if not is_weight_layer(module) and not isinstance(module, NORMALIZATIONS):
            yield name, module


def _obstacle(weight: nn.Parameter | None, owner: dict[int, str]) -> str | None:
    """Why this layer's weight is not to be drawn."""
    if weight is None:
        return "its weight is parametrized"
    if id(weight) in owner:
        return f"its weight is that of {owner[id(weight)]}"
    if not weight.requires_grad:
        return "frozen"
    if weight.numel() == 0:
        return "empty"
    return None


def _fill_(parameter: nn.Parameter | None, value: float) -> None:
    if parameter is not None and parameter.requires_grad:
        parameter.fill_(value)


def _numbers(singles: Sequence[Tensor]) -> list[float]:
    """What stands in tensors of one number; read at once where they are on one device."""
    if len({single.device for single in singles}) == 1:
        numbers: list[float] = torch.stack(list(singles)).tolist()
        return numbers
    return [single.item() for single in singles]
