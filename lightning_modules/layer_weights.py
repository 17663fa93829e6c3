"""The weights of a layer: which numbers it computes with, where they come from, and whether they can be set.

A layer's weight may be a parameter, or be computed from others at each call:

- by a parametrization: `torch.nn.utils.parametrizations.weight_norm`, `spectral_norm`, `orthogonal` or one's own;
- the older way, by a hook: `torch.nn.utils.weight_norm`, `spectral_norm`, and pruning's masks.

Then the parameters are no weights. What holds for a weight, that it may be 0, that it may be scaled, does not hold for
them: a weight-normed w = g v / ‖v‖ is not a number where v is 0. And some tensors hold no numbers that could be set one
by one: lazy, meta, sparse and expanded ones. Whoever reads or sets weights asks here.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize, prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from lightning_modules.module_copies import deep_copy
from lightning_modules.module_names import (
    as_written,
    is_compiled,
    modules_by_name,
    parameters_by_name,
    without_compiler,
)

ModelT = TypeVar("ModelT", bound=nn.Module)


@dataclass(frozen=True)
class Computed:
    """A weight that is computed from other parameters.

    Attributes:
        layer: The layer that computes with it.
        name: What the layer calls it, such as "weight".
        kind: How it is computed, in words.
        remedy: What makes a plain parameter of it, in words.
        sources: The parameters that it is computed from.
        size: The one of them that a weight is as long as, unit by unit: g of weight norm. None where there is none.
        is_masked: Whether it is a source, with some numbers set to 0.
    """

    layer: nn.Module
    name: str
    kind: str
    remedy: str
    sources: tuple[nn.Parameter, ...]
    size: nn.Parameter | None = None
    is_masked: bool = False

    def value(self) -> Tensor:
        """The weight, computed anew, as in evaluation: what spectral norm keeps of earlier calls stays as it is."""
        return _value(self.layer, self.name)


@dataclass(frozen=True)
class Weight:
    """A tensor that a layer computes with.

    Attributes:
        name: With the layer's, as in `model.named_parameters()` if it is one of them: "0.weight".
        layer: The layer.
        own_name: What the layer calls it.
        parameter: The tensor, where it is a parameter.
        computed: How it is computed, where it is not.
    """

    name: str
    layer: nn.Module
    own_name: str
    parameter: nn.Parameter | None
    computed: Computed | None = None

    @property
    def sources(self) -> tuple[nn.Parameter, ...]:
        """The parameters that it is made of: itself, where it is one."""
        if self.computed is not None:
            return self.computed.sources
        return () if self.parameter is None else (self.parameter,)

    @property
    def ndim(self) -> int:
        """How many dimensions it has; a lazy one counts as a weight."""
        if self.computed is not None:
            with torch.no_grad():
                return self.computed.value().ndim
        return 2 if self.parameter is None or is_lazy(self.parameter) else self.parameter.ndim

    @property
    def is_set_by_number(self) -> bool:
        """Whether to change one number of its source is to change that number of the weight, or nothing."""
        return self.computed is None or self.computed.is_masked

    def value(self) -> Tensor:
        """The numbers that the layer computes with."""
        if self.computed is not None:
            return self.computed.value()
        assert self.parameter is not None
        return self.parameter


def computed_weights(layer: nn.Module) -> dict[str, Computed]:
    """The tensors of a layer that are computed from other parameters, by name.

    >>> plain, normed = nn.Linear(3, 4), nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))
    >>> list(computed_weights(plain)), list(computed_weights(normed)), computed_weights(normed)["weight"].kind
    ([], ['weight'], 'weight norm')

    Args:
        layer: Any module. Those inside it are not looked at.
    """
    found: dict[str, Computed] = {}
    if not layer._forward_pre_hooks and "parametrizations" not in layer._modules:
        return found  # asked of each layer again and again
    if parametrize.is_parametrized(layer):
        for name, rules in cast("nn.ModuleDict", layer.parametrizations).items():
            kinds = [_words(type(rule).__name__) for rule in cast("nn.ModuleList", rules)]
            own = dict(rules.named_parameters())
            found[name] = Computed(
                layer,
                name,
                ", ".join(kinds),
                f'torch.nn.utils.parametrize.remove_parametrizations(layer, "{name}")',
                tuple(own.values()),
                own.get("original0") if kinds == ["weight norm"] else None,
            )
    for hook in layer._forward_pre_hooks.values():
        hooked = _name_of(hook)
        if hooked is None:
            continue
        name = hooked
        is_masked = isinstance(hook, prune.BasePruningMethod)
        kind = "pruning" if is_masked else _words(type(hook).__name__)
        remedy = "prune.remove" if is_masked else f"remove_{kind.replace(' ', '_')}"
        found[name] = Computed(
            layer,
            name,
            kind,
            f'torch.nn.utils.{remedy}(layer, "{name}")',
            tuple(p for own, p in layer._parameters.items() if p is not None and _is_source(own, name)),
            layer._parameters.get(f"{name}_g"),
            is_masked,
        )
    return found


def weights_of(model: nn.Module) -> Iterator[Weight]:
    """Every tensor that a layer of the model computes with and that training moves, plain or computed.

    A parameter that several layers share comes once for each.

    >>> model = nn.Sequential(nn.utils.parametrizations.orthogonal(nn.Linear(3, 3)), nn.LayerNorm(3))
    >>> [weight.name for weight in weights_of(model)]
    ['0.bias', '0.weight', '1.weight', '1.bias']

    Args:
        model: Any module. It may be compiled.
    """
    inside = {
        part
        for module in model.modules()
        if "parametrizations" in module._modules and parametrize.is_parametrized(module)
        for part in cast("nn.ModuleDict", module.parametrizations).modules()
    }
    for name, layer in modules_by_name(model):
        if layer not in inside:
            yield from weights_of_layer(layer, name)


def weights_of_layer(layer: nn.Module, name: str) -> Iterator[Weight]:
    """The same of one layer.

    >>> [weight.name for weight in weights_of_layer(nn.Linear(3, 3), "head")]
    ['head.weight', 'head.bias']

    Args:
        layer: Any module. Those inside it are not looked at.
        name: What the model calls it.
    """
    computed = computed_weights(layer)
    known = {id(source) for weight in computed.values() for source in weight.sources}
    for own_name, parameter in layer._parameters.items():
        if parameter is not None and id(parameter) not in known:
            known.add(id(parameter))
            yield Weight(_joined(name, own_name), layer, own_name, parameter)
    for own_name, how in computed.items():
        yield Weight(_joined(name, own_name), layer, own_name, None, how)


def cannot_be_set(tensor: Tensor) -> str | None:
    """Why the numbers of a tensor cannot be set in place, and what to do; None if they can.

    >>> cannot_be_set(torch.zeros(3)) is None, cannot_be_set(torch.zeros(1).expand(3)).partition(":")[0]
    (True, 'is expanded')

    Args:
        tensor: A parameter or buffer.
    """
    if is_lazy(tensor):
        return "is lazy and has no shape yet: call the model once with a batch of zeros"
    if tensor.is_meta:
        return 'is on the meta device and holds no numbers: call model.to_empty(device="cpu") first'
    if tensor.layout != torch.strided:
        return f"is sparse ({str(tensor.layout).removeprefix('torch.')}): make it dense, with to_dense()"
    is_dense = tensor.is_contiguous()
    if not is_dense and any(n > 1 and s == 0 for n, s in zip(tensor.shape, tensor.stride(), strict=True)):
        return (
            "is expanded: several of its numbers are one in memory. Give it memory of its own, with clone()"
        )
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        return (
            "was made in inference mode, where it can be set only: make the model outside of it, or clone it"
        )
    return None


def refuse_without_numbers(model: nn.Module, meta_too: bool = True) -> None:
    """Raise a ValueError if a tensor of a model holds no numbers yet, by its name and with what to do.

    Args:
        model: Is about to be copied or called.
        meta_too: Also refuse the meta device, where tensors have shapes and can be copied.
    """
    for name, tensor in (*parameters_by_name(model), *model.named_buffers()):
        lazy = is_lazy(tensor)
        if lazy or (meta_too and tensor.is_meta):
            what = "is lazy" if lazy else "is on the meta device"
            way = (
                "Call the model once, with a batch"
                if lazy
                else 'Call model.to_empty(device="cpu"), load its weights'
            )
            raise ValueError(f"{as_written(name)} {what} and has no values yet. {way}, first.")


def copy_of(model: ModelT) -> ModelT:
    """`copy.deepcopy(model)`, also where a hook has left a computed weight behind, which torch refuses to copy.

    What was compiled is copied as it was written: a graph knows of no hook that comes later.

    Args:
        model: Any module.

    Raises:
        RuntimeError: If another tensor has a history.
        TypeError: If a part cannot be copied, such as a lock.
    """
    memo: dict[int, Any] = {}
    modules = list(model.modules())
    for module in modules:
        for name in computed_weights(module):
            left = module.__dict__.get(name)
            if isinstance(left, Tensor):
                memo[id(left)] = left.detach().clone()
    for module in reversed(modules):  # the inner ones first
        if is_compiled(module):
            memo[id(module)] = deep_copy(without_compiler(module), memo)
    return deep_copy(model, memo)


def has_other_hooks(module: nn.Module) -> bool:
    """Whether a `module` has forward hooks besides those of torch's that compute its weights."""
    return bool(module._forward_hooks) or any(
        _name_of(hook) is None for hook in module._forward_pre_hooks.values()
    )


@torch.no_grad()
def make_plain_(layer: nn.Module) -> None:
    """Make parameters of a layer's computed weights, with the numbers that they have in evaluation.

    Args:
        layer: Changed in place.
    """
    found = computed_weights(layer)
    parameters = {
        name: nn.Parameter(weight.value().clone(), any(source.requires_grad for source in weight.sources))
        for name, weight in found.items()
    }
    if parametrize.is_parametrized(layer):
        # torch.nn.utils.parametrize.remove_parametrizations would spoil the class, which copies of the layer share.
        layer.__class__ = parametrize.type_before_parametrizations(layer)
        del layer.parametrizations
    for key, hook in list(layer._forward_pre_hooks.items()):
        if (name := _name_of(hook)) is not None:
            del layer._forward_pre_hooks[key]
            for own in [own for own in (*layer._parameters, *layer._buffers) if own.startswith(f"{name}_")]:
                delattr(layer, own)
            delattr(layer, name)
    for name, parameter in parameters.items():
        layer.register_parameter(name, parameter)


@contextmanager
def _evaluating(modules: Iterable[nn.Module]) -> Iterator[None]:
    modes = {module: module.training for module in modules}
    try:
        for module in modes:
            module.training = False
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _value(layer: nn.Module, name: str) -> Tensor:
    if parametrize.is_parametrized(layer, name):
        rules = cast("nn.ModuleDict", layer.parametrizations)[name]
        with _evaluating(rules.modules()):
            return cast("Tensor", rules())
    hook = next(hook for hook in layer._forward_pre_hooks.values() if _name_of(hook) == name)
    if isinstance(hook, WeightNorm):
        return cast("Tensor", hook.compute_weight(layer))
    if isinstance(hook, SpectralNorm):
        with _evaluating([layer]):
            return hook.compute_weight(layer, do_power_iteration=False)
    return cast("Tensor", cast("prune.BasePruningMethod", hook).apply_mask(layer))


def _name_of(hook: Any) -> str | None:
    """The weight that a hook computes before each call, if it is one of torch's that do."""
    if isinstance(hook, (WeightNorm, SpectralNorm)):
        return hook.name
    return hook._tensor_name if isinstance(hook, prune.BasePruningMethod) else None


def _is_source(own: str, name: str) -> bool:
    return own in (f"{name}_g", f"{name}_v", f"{name}_orig")


def _joined(layer: str, name: str) -> str:
    return as_written(f"{layer}.{name}" if layer else name)


def _words(kind: str) -> str:
    """The name of a class, `_WeightNorm`, as words."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind.strip("_")).strip()
