r"""Muon: momentum for matrices, whose step goes equally far in all directions.

With Θ a matrix of weights, G its gradient, η the learning rate, λ the weight decay, M the mean of gradients, at first 0,
and β the part of it that is kept:

    M ← β M + (1 − β) G
    O = orthogonalized((1 − β) G + β M)
    Θ ← Θ − η λ Θ − η ρ O

A matrix is U S Vᵀ, with orthonormal columns in U and in V, and its singular values on the diagonal of S. Orthogonalized
it is U Vᵀ: every singular value becomes 1. To find U and V takes long, so a few polynomials of the matrix do it roughly:

    X ← X / ‖X‖
    X ← a X + b (X Xᵀ) X + c (X Xᵀ)² X        K times

Each of them leaves U and V, and makes a u + b u³ + c u⁵ of each singular value u. With a = 3.4445, b = −4.775,
c = 2.0315 and K = 5 it ends between about 0.7 and 1.2, if it was not very small beside the largest: fast, not exact.
The look ahead, (1 − β) G + β M, is Nesterov's; without it M itself is orthogonalized.

ρ depends on the shape, rows × columns: √max(1, rows / columns) in the original; 0.2 √max(rows, columns) makes a step's
root mean square about 0.2 η for every shape, which is near AdamW's.

torch computes the polynomials in bfloat16, of whatever type the weights are, and so does this one unless told otherwise.

Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein, "Muon: An optimizer for hidden layers in neural networks" (2024).
https://kellerjordan.github.io/posts/muon/
Liu, Su, Yao et al., "Muon is Scalable for LLM Training" (2025), the rate by shape and the decay.
https://arxiv.org/abs/2502.16982
Bernstein, Newhouse, "Old Optimizer, New Norm: An Anthology" (2024), why. https://arxiv.org/abs/2409.20325
"""

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer
from lightning_modules.optimizers.tensors import Tensors

Adjustment = Literal["original", "match_rms_adamw"]
Coefficients = tuple[float, float, float]

COEFFICIENTS: Coefficients = (3.4445, -4.7750, 2.0315)
"""a, b and c of Jordan et al.: the steepest at 0, so that small singular values grow fast."""


class Muon(PerParameterOptimizer):
    """Momentum, orthogonalized by Newton and Schulz's iteration: `torch.optim.Muon`, as its equation.

    It is for matrices that map hidden units to hidden units. Embeddings, the last layer, biases and normalizations belong
    to another optimizer: `split_for_muon` divides a model's parameters, and `SideBySide` makes one optimizer of two.

    >>> weight = torch.nn.Parameter(torch.zeros(2, 2))
    >>> optimizer = Muon([weight], lr=1.0, ns_coefficients=(1.5, -0.5, 0.0), ns_steps=30, bfloat16=False)
    >>> weight.grad = torch.tensor([[300.0, 0.0], [0.0, -1.0]])
    >>> optimizer.step()  # with these coefficients singular values go to 1, all of them
    >>> weight.data
    tensor([[-1., -0.],
            [-0.,  1.]])

    torch has neither a fused form of it nor one for lists. So ours takes as many operations as `torch.optim.Muon`. Left
    out are sparse and complex parameters, as in torch.

    Args:
        params: Matrices, or groups of them with settings of their own.
        lr: The learning rate η.
        weight_decay: λ. Each step takes the part η λ of each weight away, whatever ρ is.
        momentum: β, the part of the mean of gradients that is kept in each step.
        nesterov: Look ahead.
        ns_coefficients: a, b and c of the polynomial.
        eps: The least length ‖X‖ that the matrix is divided by.
        ns_steps: K, how many polynomials.
        adjust_lr_fn: What ρ is: "original", which None is too, or "match_rms_adamw".
        bfloat16: Orthogonalize in bfloat16, as torch does; if not, in the type that the gradient has.

    Raises:
        ValueError: If a parameter is no matrix; if `lr`, `weight_decay` or `eps` is negative, `momentum` not in [0, 1),
            `ns_coefficients` not three numbers, `ns_steps` not a whole number from 0 to 99, or there is no such
            `adjust_lr_fn`.
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.Muon

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: Coefficients = COEFFICIENTS,
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: Adjustment | None = None,
        bfloat16: bool = True,
    ) -> None:
        settings: dict[str, Any] = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
        }
        settings |= {"ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps}
        super().__init__(params, **settings, adjust_lr_fn=adjust_lr_fn, bfloat16=bfloat16)

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require(0 <= group["momentum"] < 1, "momentum", group["momentum"], "at least 0 and below 1")
        self.require(group["eps"] >= 0, "eps", group["eps"], "at least 0")
        steps, adjustment = group["ns_steps"], group["adjust_lr_fn"]
        whole = isinstance(steps, int) and 0 <= steps < 100
        self.require(whole, "ns_steps", steps, "a whole number from 0 to 99")
        coefficients = group["ns_coefficients"]
        self.require(len(coefficients) == 3, "ns_coefficients", coefficients, "three numbers")
        known = adjustment in (None, "original", "match_rms_adamw")
        self.require(known, "adjust_lr_fn", repr(adjustment), '"original", "match_rms_adamw" or None')

    def refusal(self, tensor: Tensor) -> Exception | None:
        """Why this is no matrix of real numbers, or None."""
        shape = tuple(tensor.shape)
        if tensor.ndim != 2:
            return ValueError(
                f"Muon moves matrices, and a parameter of shape {shape} is none. Leave it to another optimizer, such as "
                "torch.optim.AdamW, as one does with embeddings, the last layer, biases and normalizations: "
                "split_for_muon(model, others=[…]) divides a model's parameters, and SideBySide makes one optimizer of "
                "two."
            )
        if tensor.is_complex():
            return TypeError(
                f"Muon moves real numbers, and a parameter of shape {shape} is complex. torch.optim.Muon refuses it too: "
                "use torch.optim.AdamW, which takes it."
            )
        return None

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """A mean of 0."""
        return {"momentum_buffer": torch.zeros_like(parameter)}

    def decay(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> Tensors:
        """Shrink the parameter itself, and leave the gradient as it is."""
        # Θ ← Θ − η λ Θ
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        return gradient

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Average the gradients, look ahead, and orthogonalize one matrix after the other."""
        rate, beta = float(group["lr"]), group["momentum"]
        # M ← β M + (1 − β) G
        ahead = mean = state["momentum_buffer"].lerp_(gradient, 1 - beta)
        if group["nesterov"]:
            # (1 − β) G + β M
            ahead = gradient.lerp(mean, beta)
        for weight, matrix in zip(parameter.tensors, ahead.tensors, strict=True):
            rounded = matrix.bfloat16() if group["bfloat16"] else matrix
            step = orthogonalized(rounded, group["ns_coefficients"], group["ns_steps"], group["eps"])
            rows, columns = weight.shape
            # Θ ← Θ − η ρ O
            weight.add_(step, alpha=-rate * rate_factor(rows, columns, group["adjust_lr_fn"]))


def orthogonalized(
    matrix: Tensor, coefficients: Coefficients = COEFFICIENTS, steps: int = 5, eps: float = 1e-7
) -> Tensor:
    """A matrix U S Vᵀ with singular values near 1: about U Vᵀ, by a few polynomials and no decomposition.

    >>> matrix = torch.tensor([[0.0, 3.0], [-4.0, 0.0]])
    >>> orthogonalized(matrix, coefficients=(1.5, -0.5, 0.0), steps=10)
    tensor([[ 0.,  1.],
            [-1.,  0.]])

    Args:
        matrix: Of shape (rows, columns); it is left as it is.
        coefficients: a, b and c. With (1.5, −0.5, 0), Newton and Schulz's own, singular values go to 1, slowly.
        steps: How many polynomials.
        eps: The least length that the matrix is divided by, so that one of zeros stays one.
    """
    a, b, c = coefficients
    is_tall = matrix.size(0) > matrix.size(1)
    x = matrix.T if is_tall else matrix  # X Xᵀ is then the smaller one
    # X ← X / ‖X‖
    x = x / x.norm().clamp(min=eps)
    for _ in range(steps):
        squares = x @ x.T
        # X ← a X + (b (X Xᵀ) + c (X Xᵀ)²) X
        x = torch.addmm(x, torch.addmm(squares, squares, squares, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x


def rate_factor(rows: int, columns: int, adjust_lr_fn: Adjustment | None = None) -> float:
    """ρ, what the rate of a matrix of that shape is multiplied by.

    >>> rate_factor(400, 100), rate_factor(100, 400), rate_factor(100, 400, "match_rms_adamw")
    (2.0, 1.0, 4.0)

    Args:
        rows: Outputs of the layer.
        columns: Its inputs.
        adjust_lr_fn: "original", which None is too, or "match_rms_adamw".
    """
    if adjust_lr_fn == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
