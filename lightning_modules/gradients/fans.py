"""Fans: how many numbers meet in a unit, and how many a number goes to; what initialization reckons with."""

import math
from typing import NamedTuple

from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd


class Fans(NamedTuple):
    """How many inputs reach one unit, and how many units one input reaches; on average, borders aside.

    Attributes:
        fan_in: Inputs that reach a unit.
        fan_out: Units that an input reaches.
    """

    fan_in: float
    fan_out: float


def fans(layer: nn.Module) -> Fans:
    """Count the connections of a dense, convolutional or transposed convolutional layer.

    A kernel position counts as a connection, a channel only within its group. Moving by a stride of s, an
    input meets 1/s of the kernel's positions; in a transposed convolution it is an output that does.

    >>> fans(nn.Linear(300, 100))
    Fans(fan_in=300.0, fan_out=100.0)
    >>> fans(nn.Conv2d(16, 32, kernel_size=3))  # 16 * 9 and 32 * 9
    Fans(fan_in=144.0, fan_out=288.0)
    >>> fans(nn.ConvTranspose2d(32, 16, kernel_size=4, stride=2))  # 32 * 16 / 4 and 16 * 16
    Fans(fan_in=128.0, fan_out=256.0)

    Args:
        layer: Its weights are not looked at.

    Raises:
        TypeError: If the layer is of another kind.
    """
    if isinstance(layer, nn.Linear):
        return Fans(float(layer.in_features), float(layer.out_features))
    if not isinstance(layer, _ConvNd):
        raise TypeError(f"fans knows dense and convolutional layers, got {type(layer).__name__}.")
    positions = math.prod(layer.kernel_size)
    fan_in = positions * layer.in_channels / layer.groups
    fan_out = positions * layer.out_channels / layer.groups
    stride = math.prod(layer.stride)
    if isinstance(layer, _ConvTransposeNd):
        return Fans(fan_in / stride, fan_out)
    return Fans(fan_in, fan_out / stride)
