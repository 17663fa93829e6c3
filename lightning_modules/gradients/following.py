"""Which activation follows each weight layer: read from the order of the modules, or watched in a forward pass.

An initialization keeps the signal's variance through a weight layer *and* the activation behind it, so it has
to know the activation. In an `nn.Sequential` that is plain to see. Elsewhere the order in which modules were
assigned is only a hint, and functions such as `F.relu` leave no module at all; there one forward pass tells.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear
from torch.overrides import TorchFunctionMode

from lightning_modules.gradients.nested import tensors_in, with_own_tensors
from lightning_modules.module_names import is_compiled, modules_by_name, uncompiled
from lightning_modules.normalizations import NORMALIZATIONS

WeightLayer = nn.Linear | _ConvNd

# Functions that a forward may call instead of a module, by the name under which torch dispatches them.
_FUNCTIONS: Mapping[str, Callable[..., nn.Module]] = {
    "celu": nn.CELU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "glu": nn.GLU,
    "hardsigmoid": nn.Hardsigmoid,
    "hardswish": nn.Hardswish,
    "hardtanh": nn.Hardtanh,
    "leaky_relu": nn.LeakyReLU,
    "log_sigmoid": nn.LogSigmoid,
    "log_softmax": nn.LogSoftmax,
    "mish": nn.Mish,
    "prelu": nn.PReLU,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "rrelu": nn.RReLU,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softmax": nn.Softmax,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "tanh": nn.Tanh,
}


def is_weight_layer(module: nn.Module) -> TypeGuard[WeightLayer]:
    """Whether this is a dense or convolutional layer that is called as one.

    The output projection of `nn.MultiheadAttention` is a dense layer of a special class, and is never called.
    """
    return isinstance(module, WeightLayer) and not isinstance(module, NonDynamicallyQuantizableLinear)


class Nothing(Enum):
    """What may follow a layer instead of an activation."""

    NONE = "no activation"
    UNKNOWN = "not to be seen"


Following = nn.Module | Nothing


def in_order(model: nn.Module, is_activation: Callable[[nn.Module], bool]) -> dict[nn.Module, Following]:
    """What follows each weight layer, by the order of the modules.

    Between two weight layers of an `nn.Sequential` there is what is written there. Where modules were merely
    assigned one after the other, an activation counts, but its absence proves nothing: the answer is
    `Nothing.UNKNOWN`.
    """
    following: dict[nn.Module, Following] = {}
    waiting: nn.Module | None = None
    certain = True
    for module in _steps(model):
        if module is None or _is_opaque(module, is_activation):
            certain = False
        elif is_activation(module):
            if waiting is not None:
                following[waiting] = module
            waiting = None
        elif _has_weight(module):
            if waiting is not None:
                following[waiting] = Nothing.NONE if certain else Nothing.UNKNOWN
            waiting, certain = (module if is_weight_layer(module) else None), True
    if waiting is not None:
        following[waiting] = Nothing.NONE
    return following


def watched(
    model: nn.Module, example: Any, is_activation: Callable[[nn.Module], bool]
) -> dict[nn.Module, Following]:
    """What follows each weight layer when the model is called with `example`.

    Every tensor of the forward pass carries the weight layers that it comes from, through additions,
    reshapings, normalizations and whatever else, until an activation or another weight layer takes it. The
    model is called in evaluation mode, without gradients, and left as it was.
    """
    watch = _Watch(is_activation)
    training = {module: module.training for module in model.modules()}
    handles = []
    for _, module in modules_by_name(model):
        if is_activation(module) or _is_one_step(module):
            handles.append(module.register_forward_pre_hook(watch.before, with_kwargs=True))
            handles.append(module.register_forward_hook(watch.after))
    arguments = with_own_tensors(example if isinstance(example, tuple) else (example,))
    try:
        model.eval()
        with torch.no_grad(), torch.random.fork_rng(devices=[]), uncompiled(), watch:
            model(*arguments)
    finally:
        for handle in handles:
            handle.remove()
        for module, was_training in training.items():
            module.training = was_training
    return watch.following


class _Watch(TorchFunctionMode):
    def __init__(self, is_activation: Callable[[nn.Module], bool]) -> None:
        super().__init__()
        self.following: dict[nn.Module, Following] = {}
        self._is_activation = is_activation
        self._inside = 0
        # The tensor is kept beside its origins, for its id must not be given to another one.
        self._origins: dict[int, tuple[Tensor, frozenset[nn.Module]]] = {}

    def before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self._inside == 0:
            self._take(module if self._is_activation(module) else Nothing.NONE, (args, kwargs))
        self._inside += 1

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        self._inside -= 1
        if self._inside == 0:
            origins = frozenset([module]) if is_weight_layer(module) else frozenset()
            for layer in origins:
                self.following.setdefault(layer, Nothing.NONE)
            self._mark(output, origins)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        # In-place forms update the tensor that is looked at afterwards.
        origins = self._come_from((args, kwargs))
        output = func(*args, **kwargs)
        if self._inside == 0:
            activation = _FUNCTIONS.get(getattr(func, "__name__", "").removesuffix("_"))
            if activation is None:
                self._mark(output, origins)
            else:
                self._decide(_as_module(activation, args, kwargs), origins)
                self._mark(output, frozenset())
        return output

    def _take(self, follower: Following, inputs: Any) -> None:
        self._decide(follower, self._come_from(inputs))

    def _decide(self, follower: Following, origins: Iterable[nn.Module]) -> None:
        for layer in origins:
            # Where the ways part, as before a skip connection, the way through an activation counts.
            if self.following.get(layer, Nothing.NONE) is Nothing.NONE:
                self.following[layer] = follower

    def _come_from(self, value: Any) -> frozenset[nn.Module]:
        found = (self._origins.get(id(tensor)) for tensor in tensors_in(value))
        return frozenset(layer for entry in found if entry is not None for layer in entry[1])

    def _mark(self, value: Any, origins: frozenset[nn.Module]) -> None:
        for tensor in tensors_in(value):
            self._origins[id(tensor)] = (tensor, origins)


def _as_module(
    activation: Callable[..., nn.Module], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> nn.Module:
    """The module of the same effect; only the slopes of the leaky ones matter to who asks."""

    def argument(place: int, name: str, default: Any) -> Any:
        return args[place] if len(args) > place else kwargs.get(name, default)

    if activation is nn.LeakyReLU:
        return nn.LeakyReLU(argument(1, "negative_slope", 0.01))
    if activation is nn.RReLU:
        return nn.RReLU(argument(1, "lower", 1 / 8), argument(2, "upper", 1 / 3))
    if activation is nn.PReLU:
        module = nn.PReLU()
        module.weight = nn.Parameter(argument(1, "weight", module.weight).detach())
        return module
    return activation()


def _steps(module: nn.Module) -> Iterator[nn.Module | None]:
    """The leaves in order; None wherever the next one need not be the next to be called."""
    children = list(module.children())
    # A dense layer with a parametrized weight has children, but is called as a whole.
    if not children or is_weight_layer(module):
        yield module
        return
    for child in children:
        yield from _steps(child)
        if not isinstance(module, nn.Sequential) and not is_compiled(module):
            yield None


def _has_weight(module: nn.Module) -> bool:
    """Whether the signal that leaves this module is another signal: weight layers, recurrent ones and the like."""
    if isinstance(module, (*NORMALIZATIONS, nn.PReLU)):
        return False
    return is_weight_layer(module) or any(p is not None for p in module._parameters.values())


def _is_one_step(module: nn.Module) -> bool:
    """Whether it is to be taken as a whole. One that has weight layers besides its own parameters is looked into.

    Embeddings of positions, tokens and scales of layers are such parameters; a whole model may have them.
    """
    if is_weight_layer(module):
        return True
    return _has_weight(module) and not any(map(is_weight_layer, module.modules()))


def _is_opaque(module: nn.Module, is_activation: Callable[[nn.Module], bool]) -> bool:
    """A stranger's module without parameters might be an activation."""
    return (
        not type(module).__module__.startswith("torch.nn.")
        and not is_activation(module)
        and not _has_weight(module)
    )
