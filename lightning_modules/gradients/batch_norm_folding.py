r"""Folding: let the layer before do what a batch normalization does, once training is over.

In evaluation a batch normalization multiplies and adds constants, and so does the layer before it. For each of
that layer's units

    y = γ (w · x + b − μ) / √(σ² + ε) + β  =  w' · x + b'
    w' = a w      b' = a (b − μ) + β      a = γ / √(σ² + ε)

with x the layer's input, w and b the unit's weights and bias, γ and β the normalization's scale and shift, μ and σ²
its running mean and variance, and ε its small constant. The normalization disappears, the outputs stay.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML
2015, section 3.1. https://arxiv.org/abs/1502.03167
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.utils.fusion import fuse_conv_bn_weights, fuse_linear_bn_weights

from lightning_modules.gradients.batch_norm_order import Predecessor, called_before, written_before
from lightning_modules.gradients.nested import tensors_in
from lightning_modules.table import Report, Table

ModelT = TypeVar("ModelT", bound=nn.Module)

# Subclasses may compute something else from their weights.
_LAYERS: tuple[type[nn.Module], ...] = (
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_BATCH_NORMS: tuple[type[nn.Module], ...] = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)


@dataclass(frozen=True)
class Fold:
    """One batch normalization: the layer that takes it in, or the reason why none can.

    Attributes:
        batch_norm: Its name, as in `model.named_modules()`.
        layer: The name of the layer that takes it in; None where none can.
        obstacle: Why none can; None where one does.
    """

    batch_norm: str
    layer: str | None
    obstacle: str | None = None


@dataclass(frozen=True, repr=False)
class FoldingReport(Report):
    """Every batch normalization of a model, in its order. `str(report)` is a list of them.

    Attributes:
        rows: One for each.
    """

    rows: tuple[Fold, ...]

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        return "\n".join(
            f"{row.batch_norm} -> {row.layer}"
            if row.obstacle is None
            else f"{row.batch_norm}: {row.obstacle}"
            for row in self.rows
        )

    def table(self) -> Table:
        """A row for each batch normalization."""
        head = ("batch normalization", "folds into", "or why not")
        return Table(
            [head, *((row.batch_norm, row.layer or "", row.obstacle or "") for row in self.rows)],
            left=range(len(head)),
        )

    def summary(self) -> str:
        """How many can be folded."""
        folds = sum(row.obstacle is None for row in self.rows)
        return f"{folds} of {len(self.rows)} batch normalizations can be folded"


def plan_folding(model: nn.Module, example: Any = None) -> FoldingReport:
    """Say which layer can take in each batch normalization of a model, and why where none can.

    >>> model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.BatchNorm1d(4)).eval()
    >>> print(plan_folding(model))
    1 -> 0
    3: comes after 2 (ReLU), which is no dense or convolutional layer

    Args:
        model: Any module in evaluation mode. In an `nn.Sequential` it can be seen what follows what.
        example: An input to call the model with, or a tuple of several. It shows the order in any other model:
            one forward pass is watched.
    """
    names = {module: name or "(model)" for name, module in model.named_modules()}
    norms = [module for module in names if isinstance(module, _BatchNorm)]
    # Statistics must not move while watching, and a model in training mode is refused whatever its order.
    ready = not any(module.training for module in model.modules())
    order = called_before(model, example) if example is not None and ready else written_before(model)
    owners = _owners(model)
    rows = []
    for norm in norms:
        before = order.get(norm, Predecessor())
        obstacle = _obstacle(norm, before, names, owners, example)
        layer = names[before.module] if before.module is not None and obstacle is None else None
        rows.append(Fold(names[norm], layer, obstacle))
    return FoldingReport(tuple(rows))


@torch.no_grad()
def fold_batch_norm(
    model: ModelT, example: Any = None, *, strict: bool = True, tolerance: float = 1e-5
) -> ModelT:
    """A copy of a model in which the layers do what the batch normalizations behind them did.

    Each batch normalization is replaced by `nn.Identity`, so that names and positions stay. The copy is for
    evaluation. `plan_folding` says beforehand what goes where.

    >>> model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1)).eval()
    >>> _ = nn.init.constant_(model[0].weight, 6.0), nn.init.constant_(model[0].bias, 1.0)
    >>> _ = model[1].running_mean.fill_(3.0), model[1].running_var.fill_(4.0)
    >>> folded = fold_batch_norm(model)
    >>> folded  # 6 / sqrt(4) = 3 and (1 - 3) / sqrt(4) = -1
    Sequential(
      (0): Linear(in_features=1, out_features=1, bias=True)
      (1): Identity()
    )
    >>> folded[0].weight.item(), folded[0].bias.item()
    (3.0, -1.0)

    Args:
        model: Any module in evaluation mode. It is left as it is.
        example: An input to call the model with, or a tuple of several. It shows which layer precedes each batch
            normalization where that cannot be read from an `nn.Sequential`, and the outputs for it are compared.
        strict: Refuse a model in which something cannot be folded. False leaves such a batch normalization in.
        tolerance: How far the outputs for `example` may differ, relative to the largest of them.

    Raises:
        ValueError: If a batch normalization cannot be folded, by name, with the reason; if the outputs differ.
    """
    report = plan_folding(model, example)
    obstacles = [f"{row.batch_norm}: {row.obstacle}" for row in report if row.obstacle is not None]
    if strict and obstacles:
        raise ValueError(
            "Cannot be folded:\n  "
            + "\n  ".join(obstacles)
            + "\nstrict=False leaves these in and folds the others."
        )
    folded = copy.deepcopy(model)
    for row in report:
        if row.layer is not None:
            _fold_(folded.get_submodule(row.layer), folded.get_submodule(row.batch_norm))
            folded.set_submodule(row.batch_norm, nn.Identity().eval())
    if example is not None:
        _compare(model, folded, example, tolerance)
    return folded


def _fold_(layer: nn.Module, norm: nn.Module) -> None:
    """Give the layer the weights and the bias that make the normalization needless."""
    assert isinstance(norm, _BatchNorm)
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


def _obstacle(
    norm: _BatchNorm,
    before: Predecessor,
    names: dict[nn.Module, str],
    owners: dict[int, list[str]],
    example: Any,
) -> str | None:
    """Why this batch normalization cannot be folded."""
    if norm.training:
        return "is in training mode. Call model.eval() first"
    if type(norm) not in _BATCH_NORMS:
        return f"is a {type(norm).__name__}, of which it is not known what it computes"
    if norm.running_mean is None:
        return "has track_running_stats=False, so its scale depends on each batch"
    if before.obstacle is not None:
        return before.obstacle
    layer = before.module
    if layer is None:
        if example is None:
            return "it cannot be seen what comes before it. Pass example=, an input to call the model with"
        return "comes after no layer whose output reaches it unchanged"
    what = f"{names[layer]} ({type(layer).__name__})"
    if type(layer) not in _LAYERS or not isinstance(layer, (nn.Linear, _ConvNd)):
        return f"comes after {what}, which is no dense or convolutional layer"
    if layer.training:
        return f"comes after {what}, which is in training mode. Call model.eval() first"
    for module in (norm, layer):
        if module._forward_hooks or module._forward_pre_hooks:
            return (
                f"{names[module]} has a forward hook, which would see or do something else. Remove it first"
            )
        for part in (module, *module.parameters(recurse=False)):
            if len(owners[id(part)]) > 1:
                return f"is shared: {' and '.join(owners[id(part)])} are the same"
    units = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    if units != norm.num_features:
        return f"normalizes {norm.num_features} features, but {what} has {units} units"
    return None


def _owners(model: nn.Module) -> dict[int, list[str]]:
    """Under which names each module and each parameter is found."""
    owners: dict[int, list[str]] = {}
    for name, module in model.named_modules(remove_duplicate=False):
        owners.setdefault(id(module), []).append(name)
    for name, parameter in model.named_parameters(remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    return owners


def _compare(model: nn.Module, folded: nn.Module, example: Any, tolerance: float) -> None:
    arguments = example if isinstance(example, tuple) else (example,)
    for before, after in zip(tensors_in(model(*arguments)), tensors_in(folded(*arguments)), strict=True):
        if not before.is_floating_point() or before.numel() == 0:
            continue
        largest = before.abs().max().item()
        difference = (before - after).abs().max().item()
        if not difference <= tolerance * max(largest, 1e-30):
            raise ValueError(
                f"The folded model's outputs differ by {difference:.1e} where the largest is {largest:.1e}, more than "
                f"tolerance={tolerance:g} allows. Convert the model to float64 first, or pass a larger tolerance."
            )
