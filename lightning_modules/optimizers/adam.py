r"""Adam: momentum's mean of gradients, divided by the root of RMSProp's mean of squares, both corrected for their start.

With θ the weights, g their gradient, η the learning rate, m and s the means of gradients and of squared gradients, at
first 0, β₁ and β₂ the parts of them that are kept, t the number of the step, from 1, ε a small number against dividing
by 0, and all operations number by number:

    m ← β₁ m + (1 − β₁) g
    s ← β₂ s + (1 − β₂) g²
    m̂ = m / (1 − β₁ᵗ)
    ŝ = s / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√ŝ + ε)

The correction makes m̂ and ŝ means of the gradients so far, as if those before the first had not been counted as 0.
With it the first step of every weight has length η.

Where ε stands differs: torch and the paper put it outside the root, other texts inside, √(ŝ + ε).

Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015. https://arxiv.org/abs/1412.6980
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer, root, step_count
from lightning_modules.optimizers.tensors import Tensors


class Adam(PerParameterOptimizer):
    """Adaptive moment estimation: `torch.optim.Adam`, as its equation.

    >>> weights = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    >>> optimizer = Adam([weights], lr=0.1)
    >>> weights.grad = torch.tensor([300.0, -0.5])
    >>> optimizer.step()  # of whatever size the gradients are, the first step is one of 0.1
    >>> weights.data
    tensor([0.9000, 1.1000])

    Left out of torch's options are `amsgrad`, `foreach`, `capturable`, `differentiable`, `fused`,
    `decoupled_weight_decay`; so are sparse and complex parameters.

    To train fast, use `torch.optim.Adam` with `fused=True`, which makes these steps in one call for all parameters.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        betas: β₁ and β₂, the parts of the means of gradients and of squares that are kept in each step.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss. `AdamW` decays in another way.
        maximize: Climb instead of descending.
        eps_inside: Put ε inside the root.
        bias_correction: Correct for the start; without it m̂ = m and ŝ = s, to see what that does.

    Raises:
        ValueError: If `lr`, `eps` or `weight_decay` is negative, or one of `betas` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar[type[torch.optim.Optimizer]] = torch.optim.Adam
    fixed: ClassVar = {"amsgrad": False, "decoupled_weight_decay": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
        eps_inside: bool = False,
        bias_correction: bool = True,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            eps_inside=eps_inside,
            bias_correction=bias_correction,
        )

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require_moments(group)

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """Means of 0."""
        zeros = torch.zeros_like
        return {"step": step_count(), "exp_avg": zeros(parameter), "exp_avg_sq": zeros(parameter)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Average gradients and squares, correct both, and divide."""
        beta1, beta2 = group["betas"]
        state["step"] += 1
        # m ← β₁ m + (1 − β₁) g
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        # s ← β₂ s + (1 − β₂) g²
        squares = state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        rate = group["lr"]
        if group["bias_correction"]:
            t = state["step"].item()
            # m̂ = m / (1 − β₁ᵗ), where the rate is divided in m's place; ŝ = s / (1 − β₂ᵗ)
            rate, squares = rate / (1 - beta1**t), squares / (1 - beta2**t)
        # θ ← θ − η m̂ / (√ŝ + ε)
        parameter.addcdiv_(mean, root(squares, group["eps"], group["eps_inside"]), value=-rate)
