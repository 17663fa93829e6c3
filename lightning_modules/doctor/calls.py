"""What a training step really computes: every call of a loss function, a layer or an activation, whoever makes it.

While it is active, torch shows each of its calls to `Calls`. So losses and activations are seen wherever they are
called, by modules, by functions, by Keras on its torch backend, and nothing has to be hooked or asked.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

LOSSES = {
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
}
LAYERS = {"linear", "conv1d", "conv2d", "conv3d", "conv_transpose2d", "matmul", "mm", "addmm", "__matmul__"}
RECURRENT = {"lstm", "gru", "rnn_tanh", "rnn_relu"}
_RECTIFIED = {"relu", "relu6"}
_BOUNDED = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "hardtanh": (-1.0, 1.0), "hardsigmoid": (0.0, 1.0)}
_OTHERS = {"leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softmax", "log_softmax"}
ACTIVATIONS = {*_RECTIFIED, *_BOUNDED, *_OTHERS}
_NORMALIZATIONS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"}
_EMBEDDINGS = {"embedding", "embedding_bag"}
_SAME_NUMBERS = {
    "__getitem__", "clamp", "clip", "clone", "contiguous", "double", "dropout", "flatten", "float", "half", "permute",
    "reshape", "select", "squeeze", "t", "to", "transpose", "type", "unsqueeze", "view", "view_as",
}  # fmt: skip
_DIFFERENCES = {"sub", "__sub__", "__rsub__", "subtract"}
_LOGARITHM = {"softmax": "log_softmax", "sigmoid": "logsigmoid"}
_NEAR_A_BOUND = 0.01
_ITEMS = 32
"""So many items of a batch say what a layer gives out."""
MOST_NUMBERS = 4_000_000
"""Of more, some items stand for the others."""


@dataclass
class LossCall:
    """One call of a loss function."""

    kind: str
    before: str
    reduction: str
    ignored: int
    inputs: Tensor
    target: Tensor
    value: Tensor | None = None


@dataclass
class LayerCall:
    """What one call gave out; of what it gave, four numbers."""

    operation: str
    parameter: int
    measures: list[Tensor]
    units: int


class Calls(TorchFunctionMode):
    """Watches the calls of one step.

    Args:
        parameters: Of the module, the identities.
        layers: Whether to look at layers and activations too, not at losses alone.
        before_backward: Called when a program calls `loss.backward()` by itself.
    """

    def __init__(
        self, parameters: set[int], layers: bool, before_backward: Callable[[], None] | None = None
    ) -> None:
        super().__init__()
        self._before_backward = before_backward
        self.losses: list[LossCall] = []
        self.layers: list[LayerCall] = []
        self.used: set[int] = set()
        self.first_input: Tensor | None = None
        self.is_normalized = self.has_tokens = False
        self._parameters = parameters
        self._wants_layers = layers
        self._made_by: dict[int, tuple[weakref.ref[Tensor], str]] = {}
        self._last_weight = 0

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Let torch do it, and look at what came in and out."""
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "backward" and self._before_backward is not None:
            self._before_backward()
        call = self._loss(name, args, kwargs) if name in LOSSES else None
        out = func(*args, **kwargs)
        if call is not None and isinstance(out, Tensor):
            call.value = out.detach()
        elif isinstance(out, Tensor):
            self._note(name.rstrip("_") if not name.startswith("__") else name, args, kwargs, out)
        elif name in RECURRENT and isinstance(out, tuple):
            self._layer(name, args, out[0])
        return out

    def _loss(self, name: str, args: Any, kwargs: Any) -> LossCall | None:
        inputs, target = (*args, kwargs.get("input"), kwargs.get("target"))[:2] if args else (None, None)
        if len(args) == 1:
            target = kwargs.get("target")
        elif not args:
            inputs, target = kwargs.get("input"), kwargs.get("target")
        if not isinstance(inputs, Tensor) or not isinstance(target, Tensor):
            return None
        made_by = self._maker(inputs)
        call = LossCall(
            name,
            made_by,
            str(kwargs.get("reduction", "mean")),
            int(kwargs.get("ignore_index", -100)),
            inputs.detach(),
            target.detach(),
        )
        self.losses.append(call)
        return call

    def _note(self, name: str, args: Any, kwargs: Any, out: Tensor) -> None:
        first = args[0] if args else kwargs.get("input")
        if not isinstance(first, Tensor):
            return
        if name in _SAME_NUMBERS:
            self._pass_on(first, out)
        elif name in ACTIVATIONS:
            self._mark(out, name)
            self._measure(name, self._last_weight, out)
        elif name == "log":
            self._mark(out, _LOGARITHM.get(self._maker(first), ""))
        elif name in LAYERS:
            self._layer(name, args, out, kwargs)
        elif name in _NORMALIZATIONS:
            if self.first_input is None:
                self.is_normalized = True
        elif name in _EMBEDDINGS:
            self.has_tokens = self.has_tokens or self.first_input is None
            if self.first_input is None:
                self.first_input = out.detach()
        elif name in _DIFFERENCES:
            self._difference(first, args, out)

    def _pass_on(self, first: Tensor, out: Tensor) -> None:
        made_by = self._maker(first)
        if made_by and out is not first:
            self._mark(out, made_by)

    def _mark(self, tensor: Tensor, made_by: str) -> None:
        self._made_by[id(tensor)] = weakref.ref(tensor), made_by

    def _maker(self, tensor: Tensor) -> str:
        """What made this very tensor; an identity may have been another one's before."""
        found = self._made_by.get(id(tensor))
        return found[1] if found is not None and found[0]() is tensor else ""

    def _difference(self, first: Tensor, args: Any, out: Tensor) -> None:
        """Two tensors of which one has a gradient and the other is data: perhaps a loss that is written out."""
        other = args[1] if len(args) > 1 else None
        if not isinstance(other, Tensor) or first.requires_grad == other.requires_grad or out.ndim == 0:
            return
        if not (first.is_floating_point() and other.is_floating_point()) or other.numel() != first.numel():
            return
        inputs, target = (first, other) if first.requires_grad else (other, first)
        made_by = self._maker(inputs)
        self.losses.append(
            LossCall(
                "difference",
                made_by,
                "mean",
                -100,
                inputs.detach(),
                target.detach(),
                out.detach().square().mean(),
            )
        )

    def _layer(self, name: str, args: Any, out: Tensor, kwargs: Any = None) -> None:
        given = [*args, *(kwargs or {}).values()]
        flat = [part for value in given for part in (value if isinstance(value, list | tuple) else [value])]
        weights = [
            id(value) for value in flat if isinstance(value, nn.Parameter) and id(value) in self._parameters
        ]
        if not weights:
            return
        self.used.update(weights)
        if self.first_input is None:
            found = next(
                (value for value in flat if isinstance(value, Tensor) and id(value) not in weights), None
            )
            self.first_input = None if found is None else found.detach()
        self._last_weight = next(
            (weight for weight, value in zip(weights, _parameters(flat), strict=False) if value.ndim > 1),
            weights[0],
        )
        self._measure(name, self._last_weight, out)

    def _measure(self, operation: str, parameter: int, out: Tensor) -> None:
        if not self._wants_layers or out.ndim < 2 or out.numel() == 0 or not out.is_floating_point():
            return
        self.layers.append(
            LayerCall(operation, parameter, _measures(operation, out.detach()), _units(operation, out))
        )


def _parameters(values: list[Any]) -> list[nn.Parameter]:
    return [value for value in values if isinstance(value, nn.Parameter)]


def _units(operation: str, values: Tensor) -> int:
    return values.shape[1] if operation.startswith("conv") else values.shape[-1]


@torch.no_grad()
def _measures(operation: str, values: Tensor) -> list[Tensor]:
    """Root mean square, spread over the batch, share of dead units, share of saturated numbers."""
    values = values[:_ITEMS]
    if values.dtype in (torch.float16, torch.bfloat16):
        values = values.float()
    nothing = values.new_zeros(())
    rms = values.square().mean().sqrt()
    spread = values.var(0, correction=0).mean().sqrt() if len(values) > 1 else values.new_full((), torch.nan)
    dead = saturated = nothing
    if operation in _RECTIFIED:
        # A unit is a channel of images, else a feature; in both it is dead if it is 0 wherever one looks.
        others = [dim for dim in range(values.ndim) if dim != (1 if values.ndim > 3 else values.ndim - 1)]
        dead = (values.amax(others) <= 0).float().mean()
    elif operation in _BOUNDED:
        low, high = _BOUNDED[operation]
        margin = _NEAR_A_BOUND * (high - low)
        saturated = ((values < low + margin) | (values > high - margin)).float().mean()
    return [rms, spread, dead, saturated]
