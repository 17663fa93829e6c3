r"""AdamW: Adam whose weight decay is not divided by anything.

Let λ be the weight decay. An ℓ2 penalty adds λ θ to the gradient, and Adam divides it, with the rest of the gradient, by
the root of the mean square: weights with large gradients are hardly decayed. AdamW takes it out of the gradient. With θ
the weights, g their gradient, η the learning rate, m and s the means of gradients and of squared gradients, at first 0,
β₁ and β₂ the parts of them that are kept, t the number of the step, from 1, ε a small number against dividing by 0, and
all operations number by number:

    θ ← θ − η λ θ
    m ← β₁ m + (1 − β₁) g
    s ← β₂ s + (1 − β₂) g²
    m̂ = m / (1 − β₁ᵗ)
    ŝ = s / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√ŝ + ε)

In the paper the decay is λ θ, and both lines are multiplied by a schedule. torch multiplies λ by the rate, so
doubling the rate doubles the decay, and its λ = 0.01 at η = 0.001 is the paper's 0.00001.

Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019. https://arxiv.org/abs/1711.05101
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.adam import Adam
from lightning_modules.optimizers.tensors import Tensors


class AdamW(Adam):
    """Adam with decoupled weight decay: `torch.optim.AdamW`, as its equation.

    >>> import torch
    >>> weights = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    >>> optimizer = AdamW([weights], lr=0.1, weight_decay=0.5)
    >>> weights.grad = torch.tensor([300.0, -0.5])
    >>> optimizer.step()  # 1 − 0.1 · 0.5, then Adam's 0.1
    >>> weights.data
    tensor([0.8500, 1.0500])

    Left out of torch's options are `amsgrad`, `foreach`, `capturable`, `differentiable`, `fused`; so are sparse
    and complex parameters.

    To train fast, use `torch.optim.AdamW` with `fused=True`, which makes these steps in one call for all parameters.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        betas: β₁ and β₂, the parts of the means of gradients and of squares that are kept in each step.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ. Each step takes the part η λ of each weight away.
        maximize: Climb instead of descending; weights decay all the same.
        eps_inside: Put ε inside the root.

    Raises:
        ValueError: If `lr`, `eps` or `weight_decay` is negative, or one of `betas` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.AdamW
    fixed: ClassVar = {"amsgrad": False, "decoupled_weight_decay": True}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        maximize: bool = False,
        eps_inside: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, maximize, eps_inside)

    def decay(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> Tensors:
        """Shrink the parameter itself, and leave the gradient as it is."""
        # θ ← θ − η λ θ
        parameter.mul_(1 - group["lr"] * group["weight_decay"])
        return gradient
