r"""Adaptive gradient clipping (AGC): no unit may change by more than a small part of itself in one step.

For each unit i, with w_i its incoming weights, g_i their gradient, a = `clipping` and ε = `eps`:

    g_i ← g_i · min(1, a max(‖w_i‖, ε) / ‖g_i‖)

‖·‖ is the Euclidean norm. A unit is a row of a dense layer's weights, and a channel of a convolution's; a vector of
parameters, such as all biases of a layer, counts as one. ε lets a unit begin to move whose weights are 0. The threshold
is relative, so one fraction does for all layers; it let networks without batch normalization train with large
batches. The paper does not clip the output layer.

Brock, De, Smith, Simonyan, "High-Performance Large-Scale Image Recognition Without Normalization", ICML 2021,
section 4. https://arxiv.org/abs/2102.06171
"""

from collections.abc import Sequence

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from lightning_modules.gradients.gradient_clipping_callback import GradientClipping, NonFinite
from lightning_modules.layer_weights import weights_of
from lightning_modules.module_names import as_written, modules_by_name, parameters_by_name, refuse_string
from lightning_modules.unseen_layers import matrices_of_keras


def unit_norms(tensor: Tensor) -> Tensor:
    """The norm of each unit, shape (units,), in float32 or better.

    >>> unit_norms(torch.tensor([[3.0, 4.0], [0.0, 2.0]]))  # sqrt(9 + 16) and 2
    tensor([5., 2.])
    >>> unit_norms(torch.tensor([3.0, 4.0]))  # a vector is one unit
    tensor([5.])

    Args:
        tensor: Shape (units, ...), or a vector.
    """
    # In half precision the norm of what is finite may not be.
    dtype = torch.float32 if tensor.dtype in (torch.float16, torch.bfloat16) else None
    if tensor.ndim < 2:
        norm: Tensor = torch.linalg.vector_norm(tensor, dtype=dtype)
        return norm.view(1)
    norms: Tensor = torch.linalg.vector_norm(tensor, dim=tuple(range(1, tensor.ndim)), dtype=dtype)
    return norms


@torch.no_grad()
def adaptive_clip_(
    weights: Sequence[Tensor], gradients: Sequence[Tensor], clipping: float = 0.01, eps: float = 1e-3
) -> Tensor:
    """Shorten, in place, the gradient of each unit that is longer than `clipping` times its weights.

    >>> weight = torch.tensor([[3.0, 4.0], [0.3, 0.4]])
    >>> gradient = torch.tensor([[0.6, 0.8], [0.6, 0.8]])  # both of norm 1; allowed are 5 / 10 and 0.5 / 10
    >>> adaptive_clip_([weight], [gradient], clipping=0.1), gradient
    (tensor(True), tensor([[0.3000, 0.4000],
            [0.0300, 0.0400]]))

    Args:
        weights: Tensors of shape (units, ...), or vectors, each of which counts as one unit.
        gradients: The gradient of each, of the same shape.
        clipping: The paper's λ. It found .01 for batches of 4,096, and larger ones for smaller batches.
        eps: The smallest norm that the weights of a unit are taken to have.

    Returns:
        Whether any unit was clipped, as a tensor of no dimensions.

    Raises:
        ValueError: If `clipping` or `eps` is not positive, or the numbers of tensors differ.
    """
    _check(clipping, eps)
    if len(weights) != len(gradients):
        raise ValueError(f"Each weight needs its gradient, got {len(weights)} weights and {len(gradients)}.")
    if not weights:
        return torch.tensor(False)
    norms = torch.cat([unit_norms(gradient) for gradient in gradients])
    return torch.tensor(_shorten_(weights, gradients, norms, clipping, eps))


@torch.no_grad()
def _shorten_(
    weights: Sequence[Tensor], gradients: Sequence[Tensor], norms: Tensor, clipping: float, eps: float
) -> bool:
    """Shorten gradients whose units' norms are known, (all units,), and say whether any was too long."""
    allowed = torch.cat([unit_norms(weight) for weight in weights]).clamp_(min=eps)
    factors = allowed.mul_(clipping).div_(norms).clamp_(max=1)
    if factors.amin().item() == 1:
        return False
    parts = factors.split([1 if gradient.ndim < 2 else len(gradient) for gradient in gradients])
    torch._foreach_mul_(
        list(gradients), [_to_units(part, gradient) for part, gradient in zip(parts, gradients, strict=True)]
    )
    return True


def _to_units(factors: Tensor, gradient: Tensor) -> Tensor:
    """Shape (units,), so that it multiplies each unit of (units, ...) by its own."""
    if gradient.ndim == 1:
        return factors
    return factors.view((-1,) + (1,) * (gradient.ndim - 1) if gradient.ndim else ())


class AdaptiveGradientClipping(GradientClipping):
    """Shorten each unit's gradient that is long for its weights, before each step.

    A step counts as clipped if at least one unit was.

    >>> AdaptiveGradientClipping(clipping=0.02).clipping
    0.02

    Args:
        clipping: The paper's λ: how long a unit's gradient may be, relative to its weights.
        eps: The paper's ε: the smallest norm that the weights of a unit are taken to have.
        exclude: Names of the modules that are not clipped, as in `model.named_modules()`. None excludes the output
            layer: the last dense or convolutional layer in the order in which they are defined. `[]` excludes
            nothing.
        non_finite: What to do if a gradient is not finite: "raise", or "skip" the step and count it.
        every_step: Also keep the norm of each step, as `norms`.

    Attributes:
        excluded: The names of the parameters that are not clipped, once training has started.

    Raises:
        TypeError: If `exclude` is a string.
        ValueError: If `clipping` or `eps` is not positive, or `non_finite` is unknown.
        MisconfigurationException: When training starts, if a name in `exclude` is unknown, if weights of Keras are not
            excluded, or with what cannot be clipped; see `GradientClipping`.
        FloatingPointError: In training, if a gradient is not finite and `non_finite` is "raise".
    """

    def __init__(
        self,
        clipping: float = 0.01,
        eps: float = 1e-3,
        exclude: Sequence[str] | None = None,
        non_finite: NonFinite = "raise",
        every_step: bool = False,
    ) -> None:
        super().__init__(non_finite, every_step)
        _check(clipping, eps)
        refuse_string("exclude", exclude)
        self.clipping = clipping
        self.eps = eps
        self.exclude = None if exclude is None else list(exclude)
        self.excluded: tuple[str, ...] = ()
        # By the parameter itself: tied weights have one name of several, and equal values prove nothing.
        self._left_out: set[int] = set()
        self._transposed: dict[int, int] = {}
        # What is about to be clipped, as views with the units first, and the norms of the gradients' units.
        self._weights: list[Tensor] = []
        self._gradients: list[Tensor] = []
        self._norms = torch.empty(0)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Find the parameters to leave out, and the weights that have their units second."""
        super().on_train_start(trainer, pl_module)
        modules = dict(modules_by_name(pl_module))
        unknown = [name for name in self.exclude or () if as_written(name) not in modules]
        if unknown:
            raise MisconfigurationException(
                f"AdaptiveGradientClipping(exclude={self.exclude}): {type(pl_module).__name__} has no module "
                f"{unknown[0]!r}. Names are those of model.named_modules()."
            )
        layers = [name for name, module in modules.items() if _trains(module)]
        names = layers[-1:] if self.exclude is None else self.exclude
        self._left_out = {id(p) for name in names for p in modules[as_written(name)].parameters()}
        self.excluded = tuple(name for name, p in parameters_by_name(pl_module) if id(p) in self._left_out)
        of_keras = [
            name
            for name, p in matrices_of_keras(pl_module).items()
            if p.requires_grad and id(p) not in self._left_out
        ]
        if of_keras:
            raise MisconfigurationException(
                "AdaptiveGradientClipping goes by units, which come first in torch's weights and last in those of Keras: "
                f"{', '.join(of_keras)}. Leave their modules out with exclude=[...], or clip by ClipGradientNorm."
            )
        # What a weight is computed from, where it is, has the same shape: v of weight norm, say.
        self._transposed = {
            id(source): weight.layer.groups
            for weight in weights_of(pl_module)
            if weight.own_name == "weight" and isinstance(weight.layer, _ConvTransposeNd)
            for source in weight.sources
            if source.ndim == weight.ndim and source.shape[1] > 1
        }

    def release(self) -> None:
        """Let go of the model."""
        super().release()
        self._left_out, self._transposed = set(), {}
        self._weights, self._gradients, self._norms = [], [], torch.empty(0)

    def measure(self, parameters: Sequence[nn.Parameter]) -> float:
        """The global norm, by way of the units' norms, which are needed anyway."""
        self._weights, self._gradients = [], []
        norms, of_excluded = [], []
        for parameter in parameters:
            assert parameter.grad is not None
            views = self._units_first(parameter.grad, parameter)
            if id(parameter) in self._left_out:
                of_excluded += [unit_norms(view) for view in views]
            else:
                self._weights += self._units_first(parameter, parameter)
                self._gradients += views
                norms += [unit_norms(view) for view in views]
        everything = torch.cat(norms + of_excluded)
        self._norms = everything[: len(everything) - sum(map(len, of_excluded))]
        return float(torch.linalg.vector_norm(everything).item())

    def clip_(self, parameters: Sequence[nn.Parameter], norm: float) -> bool:
        """Clip all but the excluded, which `measure` has just seen."""
        weights, gradients = self._weights, self._gradients
        self._weights, self._gradients = [], []  # not kept longer than the step
        return bool(weights) and _shorten_(weights, gradients, self._norms, self.clipping, self.eps)

    def _units_first(self, tensor: Tensor, parameter: nn.Parameter) -> list[Tensor]:
        """Views of a parameter or its gradient, of shape (units, ...)."""
        groups = self._transposed.get(id(parameter))
        if groups is None:
            return [tensor]
        return [group.transpose(0, 1) for group in tensor.chunk(groups)]


def _trains(module: nn.Module) -> bool:
    """Whether it is a layer that could be the output: one of a teacher, which does not train, is none."""
    return isinstance(module, nn.Linear | _ConvNd) and any(
        p.requires_grad for p in module.parameters(recurse=False)
    )


def _check(clipping: float, eps: float) -> None:
    if not clipping > 0:
        raise ValueError(f"clipping must be positive, got {clipping}. The paper uses 0.01 to 0.16.")
    if not eps > 0:
        raise ValueError(
            f"eps must be positive, got {eps}: weights of 0 could never change. The paper uses 1e-3."
        )
