"""torch's normalizations: the modules that give their inputs mean 0 or size 1, and learn a scale and a shift."""

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

NORMALIZATIONS: tuple[type[nn.Module], ...] = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
"""Batch and instance normalization of any number of dimensions, layer, group and RMS normalization."""
