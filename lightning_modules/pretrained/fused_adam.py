"""The optimizer of the ways of pretraining, unless they are given another."""

from collections.abc import Iterable
from typing import Any

import torch


def adam(parameters: Iterable[Any]) -> torch.optim.Adam:
    """Adam for these `parameters`, with torch's own settings, in its fused form."""
    return torch.optim.Adam(parameters, fused=True)
