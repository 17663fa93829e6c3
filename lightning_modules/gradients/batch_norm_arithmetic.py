"""What a batch normalization in evaluation is to the layers around it: which classes are known, and how they fold."""

from collections.abc import Callable
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

PlainLayer = nn.Linear | _ConvNd


def drop_and_act(norm: Any) -> nn.Module:
    """What timm's normalizations do to the normalized numbers: the `drop` of `norm`, then its `act`."""
    steps = [step for name in ("drop", "act") if (step := getattr(norm, name, None)) is not None]
    left = [step for step in steps if type(step) is not nn.Identity]
    return nn.Sequential(*left) if len(left) > 1 else left[0] if left else nn.Identity()


REMAINDER_OF: dict[type[nn.Module] | str, Callable[[Any], nn.Module]] = {
    "timm.layers.norm_act.BatchNormAct2d": drop_and_act,
    "timm.layers.norm_act.SyncBatchNormAct": drop_and_act,
}
"""What is left of a batch normalization once it is folded, for classes with a `forward` of their own: a function that
takes the module and returns what it does to the normalized numbers. Keys are classes, or where a class is to be found.

A class that inherits torch's `forward` need not stand here. Add your own:
`REMAINDER_OF[NormAndReLU] = lambda norm: nn.ReLU()`."""


def remainder(norm: nn.Module) -> nn.Module | None:
    """What is left of a batch normalization once it is folded; None if it is not known what it computes.

    >>> class Mine(nn.BatchNorm1d):
    ...     pass
    >>> remainder(Mine(3))
    Identity()

    Args:
        norm: A batch normalization, of whatever class.
    """
    if "forward" in vars(norm):
        return None  # it was replaced
    for kind in type(norm).__mro__:
        rest = REMAINDER_OF.get(kind) or REMAINDER_OF.get(f"{kind.__module__}.{kind.__qualname__}")
        if rest is not None:
            return rest(norm)
        if "forward" in vars(kind):
            return nn.Identity() if kind in (_BatchNorm, nn.SyncBatchNorm) else None
    return None


def is_plain_layer(module: nn.Module) -> TypeGuard[PlainLayer]:
    """Whether this dense or convolutional `module` computes as torch's do, with whatever weights."""
    if not isinstance(module, PlainLayer) or "forward" in vars(module) or "_conv_forward" in vars(module):
        return False
    for name in ("forward", "_conv_forward"):
        maker = next((kind for kind in type(module).__mro__ if name in vars(kind)), None)
        if maker is not None and not maker.__module__.startswith("torch.nn.modules."):
            return False
    return True


def fold_back_(layer: nn.Module, norm: _BatchNorm) -> None:
    """Give the layer before the weights and the bias that make the normalization needless.

    Args:
        layer: Dense or convolutional; changed in place.
        norm: The normalization of its outputs.
    """
    assert norm.running_mean is not None and norm.running_var is not None
    mean, var = norm.running_mean, norm.running_var
    scale = torch.ones_like(mean) if norm.weight is None else norm.weight
    shift = torch.zeros_like(mean) if norm.bias is None else norm.bias
    if isinstance(layer, nn.Linear):
        layer.weight, layer.bias = fuse_linear_bn_weights(
            layer.weight, layer.bias, mean, var, norm.eps, scale, shift
        )
        return
    assert isinstance(layer, _ConvNd)
    if not isinstance(layer, _ConvTransposeNd):
        layer.weight, layer.bias = fuse_conv_bn_weights(
            layer.weight, layer.bias, mean, var, norm.eps, scale, shift
        )
        return
    # A transposed convolution's weight holds the outputs of one group: (inputs, outputs / groups, *kernel).
    bias = torch.zeros_like(mean) if layer.bias is None else layer.bias
    parts = zip(*(t.chunk(layer.groups) for t in (layer.weight, bias, mean, var, scale, shift)), strict=True)
    fused = [fuse_conv_bn_weights(w, b, m, v, norm.eps, s, t, transpose=True) for w, b, m, v, s, t in parts]
    layer.weight = nn.Parameter(torch.cat([weight for weight, _ in fused]), layer.weight.requires_grad)
    layer.bias = nn.Parameter(torch.cat([bias for _, bias in fused]), layer.weight.requires_grad)


def fold_forward_(layer: nn.Module, norm: _BatchNorm) -> None:
    """Give the layer after the weights and the bias that make the normalization needless.

    Args:
        layer: Dense or convolutional; changed in place.
        norm: The normalization of its inputs.
    """
    assert isinstance(layer, PlainLayer)
    assert norm.running_mean is not None and norm.running_var is not None
    scale = torch.rsqrt(norm.running_var + norm.eps)
    scale = scale if norm.weight is None else norm.weight * scale
    shift = -norm.running_mean * scale
    shift = shift if norm.bias is None else norm.bias + shift
    weight = layer.weight
    added = (weight * _by_input(shift, layer)).sum(dim=tuple(range(1, weight.ndim)))
    trains = weight.requires_grad
    layer.bias = nn.Parameter(added if layer.bias is None else layer.bias + added, trains)
    layer.weight = nn.Parameter(weight * _by_input(scale, layer), trains)


def _by_input(numbers: Tensor, layer: PlainLayer) -> Tensor:
    """One number for each input, in a shape that broadcasts to the layer's weight (units, inputs / groups, *kernel)."""
    if isinstance(layer, nn.Linear):
        return numbers
    units = layer.out_channels // layer.groups
    rows = numbers.to(layer.weight.dtype).view(layer.groups, -1).repeat_interleave(units, dim=0)
    return rows.view(*rows.shape, *(1,) * len(layer.kernel_size))
