r"""Signal: what flows through a model's layers, forward and back, for one batch.

For the numbers y that a layer gives out, and the gradient g of the loss with respect to its n weights:

    mean and standard deviation of all y
    unit_std     the standard deviation of one unit over the batch, in the mean over the units
    dead         the fraction of units whose y is 0 for every input of the batch
    saturated    the fraction of all y nearer to a bound of the activation than 1% of the way between its bounds
    gradient     the norm ‖g‖, and per weight ‖g‖ / √n, which layers of different sizes can be compared by

A unit is a channel of a convolution, and a feature of any other layer. A dead unit gets no gradient, and a saturated
one hardly any: at 1% from a bound a sigmoid has 4% of its steepest slope. A layer may have a healthy std and a unit_std
of nearly 0: its units differ, by their biases, but give the same whatever comes in.

Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, looks at
networks in this way. https://proceedings.mlr.press/v9/glorot10a.html
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize
from torch.utils.hooks import RemovableHandle
from torchmetrics import Metric

from lightning_modules.either_lightning import is_lightning_module
from lightning_modules.gradients.nested import tensors_in, with_own_tensors
from lightning_modules.gradients.signal_measures import Kind, Measuring
from lightning_modules.gradients.signal_report import LayerSignal, SignalReport
from lightning_modules.layer_weights import computed_weights, copy_of, refuse_without_numbers
from lightning_modules.module_names import modules_by_name, without_compiler
from lightning_modules.unseen_layers import HidesLayers

BOUNDS: dict[type[nn.Module], tuple[float, float]] = {
    nn.Hardsigmoid: (0.0, 1.0),
    nn.Hardtanh: (-1.0, 1.0),
    nn.Sigmoid: (0.0, 1.0),
    nn.Softsign: (-1.0, 1.0),
    nn.Tanh: (-1.0, 1.0),
}
"""The activations that saturate at both ends, and where. `nn.Hardtanh` is asked for its own bounds."""

# Their outputs are their inputs.
_PASS_ON = (nn.Identity, nn.Flatten, nn.Unflatten)


def signal(model: nn.Module, batch: Any, loss_fn: Callable[[Any, Any], Tensor] | None = None) -> SignalReport:
    """Send one batch through a model and back, and look at every layer on the way.

    The work is done on a copy, in the mode that the model is in: gradients, running statistics, metrics,
    training modes and random numbers of the model itself stay as they are, after an error too.

    Layers are the modules without modules in them; what a `forward` computes by functions is not seen, and neither are
    Keras' layers: a `KerasModule` is one layer.

    >>> model = nn.Sequential(nn.Linear(1, 2, bias=False), nn.ReLU())
    >>> _ = model[0].weight.data.copy_(torch.tensor([[1.0], [-1.0]]))
    >>> report = signal(model, (torch.tensor([[1.0], [3.0]]), torch.zeros(2, 2)), nn.MSELoss())
    >>> report["1"].mean, report["1"].dead  # (1 + 3 + 0 + 0) / 4; the second unit is 0 for both inputs
    (1.0, 0.5)
    >>> report["0"].gradient_norm, report.loss  # (1 * 1 + 3 * 3) * 2 / 4 for the first weight; (1 + 9) / 4
    (5.0, 2.5)

    Args:
        model: Any module; a LightningModule is one.
        batch: Inputs and targets. A LightningModule may take any other batch that its `training_step` knows. Where
            no loss is asked for, the inputs alone will do.
        loss_fn: Called with the model's outputs and the targets. Without it a LightningModule's
            `training_step` gives the loss, and for another module there are no gradients.

    Raises:
        TypeError: If the batch holds no inputs, or with `loss_fn` no targets; if `training_step` returns no loss.
        ValueError: If a layer has no values yet, or the model cannot be copied; without `loss_fn`, if it optimizes
            manually or its `training_step` asks for a Trainer; if the loss is not one number.
    """
    model = without_compiler(model)
    if is_lightning_module(model) and loss_fn is None and not model.automatic_optimization:
        raise ValueError(
            f"{type(model).__name__} optimizes manually: its training_step would make a step. Pass loss_fn=."
        )
    refuse_without_numbers(model)
    try:
        twin = copy_of(model)
    except (RuntimeError, TypeError) as error:  # tensors with a history; locks, generators and their like
        raise ValueError(f"{type(model).__name__} cannot be copied: {error}") from error
    watch, parameters = Watch(twin), list(twin.parameters())
    devices = {p.device for p in parameters if p.device.type == "cuda"}
    with torch.random.fork_rng(devices=devices), torch.enable_grad(), watch:
        loss = _loss(twin, with_own_tensors(batch), loss_fn)
    if loss is None:
        return SignalReport(watch.rows({}))
    if loss.numel() != 1:
        raise ValueError(f"A loss is one number, got shape {tuple(loss.shape)}. Use its mean.")
    weights = [parameter for parameter in parameters if parameter.requires_grad]
    found = torch.autograd.grad(loss, weights, allow_unused=True) if loss.requires_grad else ()
    gradients = {
        id(weight): gradient
        for weight, gradient in zip(weights, found, strict=bool(found))
        if gradient is not None
    }
    return SignalReport(watch.rows(gradients), loss.item())


def _loss(model: nn.Module, batch: Any, loss_fn: Callable[[Any, Any], Tensor] | None) -> Tensor | None:
    if is_lightning_module(model) and loss_fn is None:
        # Without a Trainer there is nowhere to log to.
        for name in ("log", "log_dict"):
            setattr(model, name, _log_nothing)
        output = _training_step(model, batch)
        loss = output.get("loss") if isinstance(output, Mapping) else output
        if not isinstance(loss, Tensor):
            raise TypeError(
                f"{type(model).__name__}.training_step returned no loss but {type(output).__name__}. Pass loss_fn=."
            )
        return loss
    is_sequence = isinstance(batch, Sequence) and not isinstance(batch, str) and len(batch) > 0
    if loss_fn is not None:
        if not is_sequence or len(batch) != 2:
            raise TypeError(f"With loss_fn, a batch is a pair (inputs, targets), got {type(batch).__name__}.")
        inputs, targets = batch
        return loss_fn(model(inputs), targets)
    if not isinstance(batch, Tensor) and not is_sequence:
        raise TypeError(f"A batch is a tensor of inputs, or (inputs, targets), got {type(batch).__name__}.")
    with torch.no_grad():
        model(batch if isinstance(batch, Tensor) else batch[0])
    return None


def _training_step(model: Any, batch: Any) -> Any:
    try:
        return model.training_step(batch, 0)
    except RuntimeError as error:
        if "is not attached to a `Trainer`" not in str(error):
            raise
        raise ValueError(
            f"{type(model).__name__}.training_step asks for its Trainer, and there is none here. Pass loss_fn=."
        ) from error


class _Layer:
    """A layer that is watched.

    Attributes:
        name: In the report.
        module: Itself.
        weights: Its own, without biases.
        bounds: Where its outputs are nearly at a bound.
        calls: How many times it was called.
    """

    def __init__(self, name: str, module: nn.Module) -> None:
        self.name = name
        self.module = module
        self.weights = [id(weight) for weight in _weights(module)]
        self.bounds = _nearly_bounds(module)
        self.is_convolution = isinstance(module, _ConvNd)
        self.is_dense = isinstance(module, (nn.Linear, HidesLayers))
        self.calls = 0


class Watch:
    """While it is open, every call of every layer is measured.

    Args:
        model: Whose layers.
    """

    def __init__(self, model: nn.Module) -> None:
        modules = list(modules_by_name(model))
        hiding = [module for _, module in modules if isinstance(module, HidesLayers)]
        hidden = {part for module in hiding for part in module.modules() if part is not module}
        self._layers = {
            module: _Layer(name or "(model)", module)
            for name, module in modules
            if _is_layer(module) and module not in hidden and "parametrizations" not in name.split(".")
        }
        self._seen: list[tuple[_Layer, str, Kind]] = []
        self._measuring = Measuring()
        self._units_dim = -1
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> None:
        self._handles = [module.register_forward_hook(self._measure) for module in self._layers]

    def __exit__(self, *error: object) -> None:
        for handle in self._handles:
            handle.remove()

    def _measure(self, module: nn.Module, args: Any, output: Any) -> None:
        if not isinstance(
            output, Tensor
        ):  # recurrent layers and attention give out more, others a dictionary
            output = next(tensors_in(output), None)
        layer = self._layers[module]
        if layer.is_convolution:
            self._units_dim = 1
        elif layer.is_dense:
            self._units_dim = -1
        if output is None or not output.is_floating_point() or output.ndim == 0 or output.numel() == 0:
            return
        layer.calls += 1
        kind = _kind(tuple(output.shape), self._units_dim, layer.bounds)
        self._seen.append((layer, layer.name if layer.calls == 1 else f"{layer.name} ({layer.calls})", kind))
        values = output.detach()
        if values.dtype in (torch.float16, torch.bfloat16):
            values = values.float()
        self._measuring.take(values, kind)

    def rows(self, gradients: Mapping[int, Tensor]) -> tuple[LayerSignal, ...]:
        """What was seen.

        Args:
            gradients: Those of the weights, by their identity.
        """
        norms = _norms({weight for layer in self._layers.values() for weight in layer.weights}, gradients)
        return tuple(
            LayerSignal(
                name,
                type(layer.module).__name__,
                kind.shape,
                *measures,
                *_gradient(layer.weights, gradients, norms),
            )
            for (layer, name, kind), measures in zip(self._seen, self._measuring.all(), strict=True)
        )


def _is_layer(module: nn.Module) -> bool:
    if isinstance(module, (Metric, *_PASS_ON)):
        return False
    has_weights = isinstance(module, HidesLayers) or any(p is not None for p in module._parameters.values())
    has_children = any(child is not None for child in module._modules.values())
    return has_weights or not has_children or parametrize.is_parametrized(module)


@lru_cache(maxsize=256)
def _kind(shape: tuple[int, ...], units_dim: int, bounds: tuple[float, float] | None) -> Kind:
    """What is to be measured: of units nothing where a batch cannot be told from them."""
    ndim = len(shape)
    spread = () if ndim < 2 else tuple(dim for dim in range(ndim) if dim != units_dim % ndim)
    return Kind(shape, spread, bounds)


def _nearly_bounds(module: nn.Module) -> tuple[float, float] | None:
    bounds = BOUNDS.get(type(module))
    if bounds is None:
        return None
    low, high = (module.min_val, module.max_val) if isinstance(module, nn.Hardtanh) else bounds
    margin = 0.01 * (high - low)
    return low + margin, high - margin


def _norms(weights: Iterable[int], gradients: Mapping[int, Tensor]) -> dict[int, float]:
    """‖g‖ of the gradients of these weights, in float64."""
    known = [weight for weight in weights if weight in gradients]
    if not known:
        return {}
    norms = torch._foreach_norm([gradients[weight] for weight in known], 2.0, torch.float64)
    return dict(zip(known, torch.stack(norms).tolist(), strict=True))


def _gradient(
    weights: list[int], gradients: Mapping[int, Tensor], norms: Mapping[int, float]
) -> tuple[float, float] | tuple[None, None]:
    """The norm of a layer's gradient, and that per weight."""
    known = [weight for weight in weights if weight in norms]
    if not known:
        return None, None
    norm = math.hypot(*(norms[weight] for weight in known))
    return norm, norm / math.sqrt(sum(gradients[weight].numel() for weight in known))


def _weights(module: nn.Module) -> list[nn.Parameter]:
    """A layer's own parameters without its biases; of a computed weight those that it is computed from."""
    named = module.named_parameters() if isinstance(module, HidesLayers) else module._parameters.items()
    own = [p for name, p in named if p is not None and not _is_bias(name.rpartition(".")[2])]
    computed = computed_weights(module)
    if not computed:
        return own
    of_biases = {id(p) for name, weight in computed.items() if _is_bias(name) for p in weight.sources}
    known = {id(p) for p in own}
    behind = [p for weight in computed.values() for p in weight.sources if id(p) not in known]
    return [p for p in (*own, *behind) if id(p) not in of_biases]


def _is_bias(name: str) -> bool:
    """Recurrent layers have `bias_ih_l0`, attention has `in_proj_bias`."""
    return name.startswith("bias") or name.endswith("bias")


def _log_nothing(*args: Any, **kwargs: Any) -> None:
    pass
