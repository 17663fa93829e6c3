r"""Folding: let the layer before do what a batch normalization does, once training is over.

In evaluation a batch normalization multiplies and adds constants, and so does the layer before it. For each of
that layer's units

    y = γ (w · x + b − μ) / √(σ² + ε) + β  =  w' · x + b'
    w' = a w      b' = a (b − μ) + β      a = γ / √(σ² + ε)

with x the layer's input, w and b the unit's weights and bias, γ and β the normalization's scale and shift, μ and σ²
its running mean and variance, and ε its small constant. The normalization disappears, the outputs stay.

Where a normalization comes after an activation, the layer behind it can do it as well, with a and c one number for each
of that layer's inputs:

    y = w · (a x + c) + b = (w a) · x + (b + w · c)      c = β − a μ

In a convolution that pads with zeros this does not hold at the borders, where c is missing.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate Shift", ICML
2015, section 3.1. https://arxiv.org/abs/1502.03167
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _LazyNormBase
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from lightning_modules.gradients.batch_norm_arithmetic import (
    fold_back_,
    fold_forward_,
    is_plain_layer,
    remainder,
)
from lightning_modules.gradients.batch_norm_order import Neighbor, Place, as_it_is_called, as_it_is_written
from lightning_modules.gradients.nested import tensors_in, with_own_tensors
from lightning_modules.layer_weights import (
    computed_weights,
    copy_of,
    has_other_hooks,
    make_plain_,
    refuse_without_numbers,
)
from lightning_modules.module_names import modules_by_name, parameters_by_name
from lightning_modules.table import Report, Table
from lightning_modules.unseen_layers import unseen_layers

ModelT = TypeVar("ModelT", bound=nn.Module)


@dataclass(frozen=True)
class Fold:
    """One batch normalization: the layer that takes it in, or the reason why none can.

    Attributes:
        batch_norm: Its name, as in `model.named_modules()`.
        layer: The name of the layer that takes it in; None where none can.
        obstacle: Why none can; None where one does.
        forward: Whether that layer comes after it.
    """

    batch_norm: str
    layer: str | None
    obstacle: str | None = None
    forward: bool = False


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

    Raises:
        ValueError: If a layer is lazy and has no values yet; with an example, also if it is on the meta device.
    """
    refuse_without_numbers(model, meta_too=example is not None)
    # Statistics must not move while watching, and a model in training mode is refused whatever its order.
    ready = not any(module.training for module in model.modules())
    places = as_it_is_called(model, example) if example is not None and ready else as_it_is_written(model)
    look = _Look(model, example is not None)
    norms = [module for _, module in modules_by_name(model) if isinstance(module, _BatchNorm)]
    rows = [look.at(norm, places.get(norm, Place())) for norm in norms]
    unseen = [
        Fold(layer.name, None, f"is a {layer.kind} inside {where}, which is called as a whole")
        for where, layer in unseen_layers(model)
        if layer.normalizes_batches
    ]
    return FoldingReport((*rows, *unseen))


@torch.no_grad()
def fold_batch_norm(
    model: ModelT, example: Any = None, *, strict: bool = True, tolerance: float = 1e-5
) -> ModelT:
    """A copy of a model in which the layers do what the batch normalizations behind them did.

    Each batch normalization is replaced by `nn.Identity`, so that names and positions stay; or by what it does besides,
    see `REMAINDER_OF`. The copy is for evaluation; weights that were computed from others are plain in it, and of a
    compiled model it is a copy that is not compiled. `plan_folding` says beforehand what goes where.

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
        ValueError: If a batch normalization cannot be folded, by name, with the reason; if the outputs differ; if a
            layer has no values yet.
    """
    report = plan_folding(model, example)
    obstacles = [f"{row.batch_norm}: {row.obstacle}" for row in report if row.obstacle is not None]
    if strict and obstacles:
        raise ValueError(
            "Cannot be folded:\n  "
            + "\n  ".join(obstacles)
            + "\nstrict=False leaves these in and folds the others."
        )
    folded = copy_of(model)
    for row in report:
        if row.layer is not None:
            layer, norm = folded.get_submodule(row.layer), folded.get_submodule(row.batch_norm)
            assert isinstance(norm, _BatchNorm)
            rest = remainder(norm)
            assert rest is not None
            for module in (layer, norm):
                make_plain_(module)
            (fold_forward_ if row.forward else fold_back_)(layer, norm)
            folded.set_submodule(row.batch_norm, rest.eval())
    if example is not None:
        _compare(model, folded, example, tolerance)
    return folded


class _Look:
    """Looks at the batch normalizations of a model, one after the other."""

    def __init__(self, model: nn.Module, is_watched: bool) -> None:
        self.is_watched = is_watched
        self.names = {module: name or "(model)" for name, module in modules_by_name(model)}
        self.owners = _owners(model)

    def at(self, norm: _BatchNorm, place: Place) -> Fold:
        name = self.names[norm]
        obstacle = self._of_norm(norm) or self._before(norm, place.before)
        if obstacle is None:
            assert place.before.module is not None
            return Fold(name, self.names[place.before.module])
        if self._of_norm(norm) is not None or type(remainder(norm)) is not nn.Identity:
            return Fold(name, None, obstacle)
        after = place.after.module
        too = place.after.obstacle if after is None else self._after(norm, after)
        if after is not None and too is None and is_plain_layer(after):
            return Fold(name, self.names[after], forward=True)
        return Fold(name, None, obstacle if too is None else f"{obstacle}; {too}")

    def _of_norm(self, norm: _BatchNorm) -> str | None:
        """What is in the way, whatever stands around it."""
        if norm.training:
            return "is in training mode. Call model.eval() first"
        if remainder(norm) is None:
            return (
                f"is a {type(norm).__name__}, of which it is not known what it computes. If it normalizes and then does "
                "something else, add that to lightning_modules.gradients.batch_norm_arithmetic.REMAINDER_OF"
            )
        if isinstance(norm, _LazyNormBase) and norm.has_uninitialized_params():
            return "is lazy and has no statistics yet. Call the model once first"
        if norm.running_mean is None:
            return "has track_running_stats=False, so its scale depends on each batch"
        return None

    def _before(self, norm: _BatchNorm, before: Neighbor) -> str | None:
        if before.obstacle is not None:
            return before.obstacle
        layer = before.module
        if layer is None:
            if not self.is_watched:
                return (
                    "it cannot be seen what comes before it. Pass example=, an input to call the model with"
                )
            return "comes after no layer whose output reaches it unchanged"
        what = f"{self.names[layer]} ({type(layer).__name__})"
        if not is_plain_layer(layer):
            return f"comes after {what}, which is no dense or convolutional layer"
        if layer.training:
            return f"comes after {what}, which is in training mode. Call model.eval() first"
        units = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
        return (
            self._entangled(norm, layer)
            or _dimensions(norm, layer, what)
            or (
                None
                if units == norm.num_features
                else f"normalizes {norm.num_features} features, but {what} has {units} units"
            )
        )

    def _after(self, norm: _BatchNorm, layer: nn.Module) -> str | None:
        """Why the layer after it cannot take it in, where that is one that could."""
        if not is_plain_layer(layer):
            return None
        what = f"{self.names[layer]} ({type(layer).__name__})"
        if layer.training:
            return f"{what} after it is in training mode"
        if isinstance(layer, _ConvTransposeNd):
            return f"{what} after it is transposed, where borders are reached by fewer weights"
        if (
            isinstance(layer, _ConvNd)
            and layer.padding_mode == "zeros"
            and any(layer._reversed_padding_repeated_twice)
        ):
            return f"{what} after it pads with zeros, which would not be normalized"
        inputs = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
        if inputs != norm.num_features:
            return f"{what} after it has {inputs} inputs for {norm.num_features} features"
        return self._entangled(norm, layer) or _dimensions(norm, layer, what)

    def _entangled(self, norm: nn.Module, layer: nn.Module) -> str | None:
        for module in (norm, layer):
            if has_other_hooks(module):
                return f"{self.names[module]} has a forward hook, which would see or do something else. Remove it first"
            sources = [source for weight in computed_weights(module).values() for source in weight.sources]
            for part in (module, *module.parameters(recurse=False), *sources):
                if len(self.owners[id(part)]) > 1:
                    return f"is shared: {' and '.join(self.owners[id(part)])} are the same"
        return None


def _dimensions(norm: nn.Module, layer: nn.Module, what: str) -> str | None:
    if isinstance(layer, nn.Linear) and isinstance(norm, (nn.BatchNorm2d, nn.BatchNorm3d)):
        return f"{what} has its units last, where a {type(norm).__name__} has its features second"
    return None


def _owners(model: nn.Module) -> dict[int, list[str]]:
    """Under which names each module and each parameter is found."""
    owners: dict[int, list[str]] = {}
    for name, module in modules_by_name(model, remove_duplicate=False):
        owners.setdefault(id(module), []).append(name)
    for name, parameter in parameters_by_name(model, remove_duplicate=False):
        owners.setdefault(id(parameter), []).append(name)
    return owners


def _compare(model: nn.Module, folded: nn.Module, example: Any, tolerance: float) -> None:
    arguments = example if isinstance(example, tuple) else (example,)
    # Each on a copy: a model may write into its inputs.
    outputs = [list(tensors_in(one(*with_own_tensors(arguments)))) for one in (model, folded)]
    if not any(outputs):
        raise ValueError(
            f"No tensor is seen in what {type(model).__name__} returns, so outputs cannot be compared. Return tensors, "
            "or containers of them."
        )
    for before, after in zip(*outputs, strict=True):
        if not (before.is_floating_point() or before.is_complex()) or before.numel() == 0:
            continue
        largest = before.abs().max().item()
        difference = (before - after).abs().max().item()
        if not difference <= tolerance * max(largest, 1e-30):
            raise ValueError(
                f"The folded model's outputs differ by {difference:.1e} where the largest is {largest:.1e}, more than "
                f"tolerance={tolerance:g} allows. Convert the model to float64 first, or pass a larger tolerance."
            )
