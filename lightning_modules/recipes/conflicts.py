"""Combinations in which one part undoes what the other is for.

They train, or seem to, and that is the trouble: nothing but the result says that something is wrong.

- SELU with a normalization: each keeps mean 0 and variance 1, so one of them is not needed. What that costs was
  measured, and is little: a recipe warns of it, and refuses the others.
- Alpha dropout after another activation than SELU: it keeps mean and variance of SELU's outputs only.
- A bias before a batch normalization: subtracting the batch's mean undoes it, and every gradient of it is 0.
- Nesterov's momentum without momentum: there is no way to look ahead along.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from lightning_modules.gradients.activations import scheme_for
from lightning_modules.gradients.batch_norm_order import as_it_is_written
from lightning_modules.normalizations import NORMALIZATIONS

SELU_NORMALIZED = "0.7 to 0.8 points of accuracy in two hidden layers, and none in twenty"
"""What batch norm beside SELU cost, on both sets of images: the guide's study of its guidelines."""

_ALPHA = (nn.AlphaDropout, nn.FeatureAlphaDropout)


@dataclass(frozen=True)
class Conflict:
    """Two parts that do not go together. `str(conflict)` is a sentence with the page's name.

    Attributes:
        combination: Which parts.
        why: What happens.
        page: The guide's page that shows it, below the guide's address.
        harmless: Whether it only does what need not be done; such a recipe is warned of, and any other refused.
    """

    combination: str
    why: str
    page: str
    harmless: bool = False

    def __str__(self) -> str:
        return f"{self.combination}: {self.why} The guide's page {self.page}/ says more."


def conflicts(network: nn.Module, optimizer: Any = None) -> list[Conflict]:
    """Find parts of a network and its optimizer that undo each other.

    What follows what is read from `nn.Sequential`; where a `forward` of its own decides, only modules that should
    not be in the same network at all are found.

    >>> network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.SELU(), nn.Linear(8, 3))
    >>> for conflict in conflicts(network):
    ...     print(conflict.combination)
    SELU with BatchNorm1d
    a bias before batch normalization (0 before 1)

    Args:
        network: Any module.
        optimizer: What makes the optimizer, such as `partial(torch.optim.SGD, momentum=0.9, nesterov=True)`.
    """
    return [
        *_normalized_selu(network),
        *_alpha_dropout_without_selu(network),
        *_needless_bias(network),
        *_nesterov_without_momentum(optimizer),
    ]


def _normalized_selu(network: nn.Module) -> Iterator[Conflict]:
    norms = sorted(
        {type(module).__name__ for module in network.modules() if isinstance(module, NORMALIZATIONS)}
    )
    if norms and any(isinstance(module, nn.SELU) for module in network.modules()):
        yield Conflict(
            f"SELU with {' and '.join(norms)}",
            f"SELU normalizes by itself. In the guide's study batch norm beside it cost {SELU_NORMALIZED}.",
            "guidelines",
            harmless=True,
        )


def _alpha_dropout_without_selu(network: nn.Module) -> Iterator[Conflict]:
    last: nn.Module | None = None
    for name, module in network.named_modules():
        if isinstance(module, _ALPHA) and not isinstance(last, nn.SELU):
            after = "without SELU" if last is None else f"after {type(last).__name__}"
            yield Conflict(
                f"{type(module).__name__} {after} ({name})",
                "it keeps mean and variance of SELU's outputs only. Use nn.Dropout.",
                "regularization/dropout",
            )
        if scheme_for(module) is not None:
            last = module


def _needless_bias(network: nn.Module) -> Iterator[Conflict]:
    names = {module: name for name, module in network.named_modules()}
    for norm, place in as_it_is_written(network).items():
        before = place.before
        layer = before.module
        if layer is not None and getattr(layer, "bias", None) is not None:
            yield Conflict(
                f"a bias before batch normalization ({names[layer]} before {names[norm]})",
                "subtracting the mean undoes it. Make the layer with bias=False.",
                "gradients/batch_norm",
            )


def _nesterov_without_momentum(optimizer: Any) -> Iterator[Conflict]:
    settings = getattr(optimizer, "keywords", {})
    if settings.get("nesterov") and not settings.get("momentum"):
        yield Conflict(
            "Nesterov without momentum",
            "there is no velocity to look ahead along. Give the optimizer momentum=0.9.",
            "optimizers/nesterov",
        )
