r"""Max-norm: keep every unit's incoming weights inside a ball.

After each optimizer step, a unit whose weights w are longer than r is pulled back to length r, in its own direction:

    w ← w · min(1, r / ‖w‖)

‖·‖ is the Euclidean norm. A unit is a row of a dense layer's weights, and an output channel of a convolution's; its
bias does not count. Inside the ball nothing happens, which makes it another thing than a penalty; the rate can be high
without the weights running away, which is what the paper used it for, together with dropout.

Whether it acts depends on r and on where the weights start. By He's initialization the expected square of ‖w‖ is 2 in
every layer, so a ball of 3 or 4, which the paper recommends, is often never reached, and one below √2 cuts
the initial weights. So look at the fraction of the units that are on the ball.

Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent Neural Networks from
Overfitting", JMLR 15 (2014), section 5.1. https://jmlr.org/papers/v15/srivastava14a.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.optim import Optimizer

from lightning_modules.layer_weights import cannot_be_set, computed_weights
from lightning_modules.module_names import as_written, modules_by_name, refuse_string
from lightning_modules.once_an_epoch import OnceAnEpoch
from lightning_modules.regularization.after_step import AfterStep
from lightning_modules.unseen_layers import matrices_of_keras

# A unit that is held to the ball wavers below it: a step may shorten it by a little.
_ON_THE_BALL = 0.99

# Counting at each step would take as long as keeping the weights inside.
_LOOK_EVERY = 10


def by_unit(weight: Tensor, transposed_groups: int | None = None) -> tuple[Tensor, tuple[int, ...]]:
    """A view of a layer's weights, and the dimensions of it to sum over for each unit.

    >>> view, summed = by_unit(nn.Conv2d(3, 8, kernel_size=5).weight)  # 8 units, each of 3 * 5 * 5 weights
    >>> view.shape, summed
    (torch.Size([8, 3, 5, 5]), (1, 2, 3))
    >>> layer = nn.ConvTranspose2d(6, 8, kernel_size=5, groups=2)  # each unit has weights from 6 / 2 inputs
    >>> view, summed = by_unit(layer.weight, layer.groups)
    >>> view.shape, summed
    (torch.Size([2, 3, 4, 5, 5]), (1, 3, 4))

    Args:
        weight: Shape (units, ...); of a transposed convolution (inputs, units / groups, ...).
        transposed_groups: The number of groups of a transposed convolution; None is any other layer.
    """
    if transposed_groups is None:
        return weight, tuple(range(1, weight.ndim))
    view = weight.unflatten(0, (transposed_groups, -1))
    return view, (1, *range(3, view.ndim))


@torch.no_grad()
def clip_unit_norms_(weight: Tensor, radius: float, transposed_groups: int | None = None) -> Tensor:
    """Shorten, in place, the weights of each unit that are longer than `radius`.

    >>> weight = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> clip_unit_norms_(weight, radius=1.0), weight
    (tensor([5.0000, 0.5000]), tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]]))

    Args:
        weight: Shape (units, ...); of a transposed convolution (inputs, units / groups, ...).
        radius: The longest that a unit's weights may be.
        transposed_groups: The number of groups of a transposed convolution; None is any other layer.

    Returns:
        The length of each unit's weights before, shape (units,).

    Raises:
        ValueError: If the radius is not positive.
    """
    _check(radius)
    return _clip_all_([by_unit(weight, transposed_groups)], radius)[0].flatten()


class MaxNorm(AfterStep):
    """Hold dense and convolutional layers inside the ball while they train.

    It acts after the optimizer's real steps only, on the weights that took part in them; weights that several layers
    share are one. Logged is, per epoch, `max_norm/on_ball`: the fraction of the units that a step left at least
    99% as long as the radius, over every tenth step from the first one on.

    >>> MaxNorm(radius=2.0, exclude=["head"]).radius
    2.0

    Args:
        radius: The longest that a unit's weights may be. Where He's initialization starts, the mean square is 2.
        exclude: Names of layers that are left alone, as in `model.named_modules()`.

    Attributes:
        on_ball: By layer, the fraction that is logged, in the current epoch or, between epochs, in the last.

    Raises:
        TypeError: If `exclude` is a string.
        ValueError: If `radius` is not positive.
        MisconfigurationException: When training starts, if there is no layer, a name in `exclude` is unknown, a
            layer's weights have no shape yet or are computed from others (weight norm, spectral norm, pruning), or
            with FSDP, DeepSpeed or LBFGS.
    """

    def __init__(self, radius: float, exclude: Sequence[str] = ()) -> None:
        super().__init__()
        _check(radius)
        refuse_string("exclude", exclude)
        self.radius = radius
        self.exclude = tuple(exclude)
        self._logged: OnceAnEpoch | None = None
        self.forget()

    def forget(self) -> None:
        """Know of no layers, as before the first training."""
        super().forget()
        # By the identity of the weight: tied weights have one name of several.
        self._layers: dict[int, _Layer] = {}
        self._resumed: dict[str, list[int]] = {}

    def release(self) -> None:
        """Let the optimizers go."""
        super().release()
        self._logged = None

    @property
    def on_ball(self) -> dict[str, float]:
        """By layer, the fraction of its units that were on the ball."""
        return {layer.name: int(layer.hits) / layer.looks for layer in self._looked_at()}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the layers."""
        super().on_train_start(trainer, pl_module)
        self._layers = _layers(pl_module, self.exclude)
        for layer in self._layers.values():
            if layer.name in self._resumed:
                layer.steps, layer.hits, layer.looks = self._resumed[layer.name]
        self._resumed = {}
        self._logged = OnceAnEpoch({"max_norm/on_ball": self._fraction})

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        for layer in self._layers.values():
            layer.steps = layer.hits = layer.looks = 0
        if self._logged is not None:
            self._logged.begin()

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Log, once an epoch."""
        if self._logged is not None:
            self._logged.log(trainer, pl_module)

    def after_step(self, optimizer: Optimizer) -> None:
        """Pull back the units that have left the ball, and count them now and then."""
        moved = [
            (layer, parameter)
            for group in optimizer.param_groups
            for parameter in group["params"]
            if (layer := self._layers.get(id(parameter))) is not None and parameter.grad is not None
        ]
        if moved:
            clipped = _clip_all_(
                [by_unit(weight, layer.transposed_groups) for layer, weight in moved], self.radius
            )
            for (layer, _), norms in zip(moved, clipped, strict=True):
                if layer.steps % _LOOK_EVERY == 0:
                    layer.hits = layer.hits + (norms >= self.radius * _ON_THE_BALL).sum()
                    layer.looks += norms.numel()
                layer.steps += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the counts of the current epoch, as plain numbers."""
        layers = self._layers.values()
        return {"epoch": {layer.name: [layer.steps, int(layer.hits), layer.looks] for layer in layers}}

    def take_over(self, state: dict[str, Any]) -> None:
        """Go on counting from this `state`."""
        self._resumed = {name: list(counts) for name, counts in state["epoch"].items()}

    def _looked_at(self) -> list["_Layer"]:
        return [layer for layer in self._layers.values() if layer.looks]

    def _fraction(self) -> float:
        layers = self._looked_at()
        hits = sum(int(layer.hits) for layer in layers)
        return hits / sum(layer.looks for layer in layers) if layers else 0.0


def _clip_all_(by_units: Sequence[tuple[Tensor, tuple[int, ...]]], radius: float) -> list[Tensor]:
    """Shorten the units of several weights, each as `by_unit` gives it, and return the lengths before, by unit."""
    norms = [torch.linalg.vector_norm(view, dim=summed, keepdim=True) for view, summed in by_units]
    # On other devices asking takes longer than multiplying by 1.
    if all(norm.is_cpu for norm in norms):
        longest = [norm.item() for norm in torch._foreach_max(norms)]
    else:
        longest = [math.inf] * len(norms)
    for (view, _), norm, most in zip(by_units, norms, longest, strict=True):
        if most > radius:
            view.mul_((radius / norm).clamp_(max=1))
    return norms


@dataclass
class _Layer:
    """A layer, and in the current epoch: its steps, and in how many looks at a unit it was on the ball."""

    name: str
    transposed_groups: int | None
    steps: int = 0
    hits: Tensor | int = 0  # stays on the device until it is asked for
    looks: int = 0


def _layers(model: nn.Module, exclude: Sequence[str]) -> dict[int, _Layer]:
    """The layers that have weights to shorten, by the identity of these."""
    modules = dict(modules_by_name(model))
    unknown = [name for name in exclude if as_written(name) not in modules]
    if unknown:
        raise MisconfigurationException(
            f"MaxNorm(exclude={list(exclude)}): {type(model).__name__} has no module {unknown[0]!r}. "
            "Names are those of model.named_modules()."
        )
    excluded = {module for name in exclude for module in modules[as_written(name)].modules()}
    left_out = {id(parameter) for module in excluded for parameter in module.parameters()}
    layers: dict[int, _Layer] = {}
    for name, module in modules.items():
        if not isinstance(module, (nn.Linear, _ConvNd)) or module in excluded:
            continue
        weight = module._parameters.get("weight")
        how = computed_weights(module).get("weight")
        if how is not None and not any(parameter.requires_grad for parameter in module.parameters()):
            continue  # of a teacher, say: no step makes it longer
        if how is not None or weight is None:
            kind, remedy = (
                (f" ({how.kind})", f", or make it plain first, with {how.remedy}") if how else ("", "")
            )
            raise MisconfigurationException(
                f"The weight of {name} is computed from other parameters{kind}, so changing it has no effect. Leave it "
                f"out with exclude=[{name!r}]{remedy}."
            )
        if isinstance(weight, nn.UninitializedParameter):
            raise MisconfigurationException(
                f"The weight of {name}, a {type(module).__name__}, has no shape yet. Call the model on a batch first."
            )
        obstacle = cannot_be_set(weight) if weight.requires_grad else None
        if obstacle is not None and id(weight) not in left_out:
            raise MisconfigurationException(f"The weight of {name} {obstacle}.")
        if id(weight) not in left_out:
            groups = module.groups if isinstance(module, _ConvTransposeNd) else None
            layers.setdefault(id(weight), _Layer(name, groups))
    if not layers:
        of_keras = " Keras' layers have a kernel_constraint for that." if matrices_of_keras(model) else ""
        raise MisconfigurationException(
            f"MaxNorm found no dense or convolutional layer in {type(model).__name__}. Leave the callback out.{of_keras}"
        )
    return layers


def _check(radius: float) -> None:
    if not radius > 0:
        raise ValueError(
            f"radius must be positive, got {radius}. To train without the constraint, leave the callback out."
        )
