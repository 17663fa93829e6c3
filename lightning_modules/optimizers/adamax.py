r"""AdaMax: Adam that divides by the largest recent gradient in place of the root of the mean square.

With θ the weights, g their gradient, η the learning rate, m the mean of gradients and u the decayed maximum, both at
first 0, β₁ and β₂ the parts of them that are kept, t the number of the step, from 1, and all operations number by
number:

    m ← β₁ m + (1 − β₁) g
    u ← max(β₂ u, |g| + ε)
    θ ← θ − η / (1 − β₁ᵗ) · m / u

Adam's √ŝ is an ℓ2 norm over time, this is the ℓ∞ norm. It needs no correction for its start. One large gradient is
remembered for as long as β₂ᵗ keeps it above the others, so the steps after it are short.

The small ε against dividing by 0 is torch's; the paper has none, which is `eps=0`.

Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, section 7.1. https://arxiv.org/abs/1412.6980
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer, step_count
from lightning_modules.optimizers.tensors import Tensors


class AdaMax(PerParameterOptimizer):
    """Adam with the ℓ∞ norm: `torch.optim.Adamax`, as its equation.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = AdaMax([weight], lr=0.1, betas=(0.0, 0.5))
    >>> for gradient in (8.0, 2.0):  # 0.1 · 8 / 8, then 0.1 · 2 / max(0.5 · 8, 2)
    ...     weight.grad = torch.tensor([gradient])
    ...     optimizer.step()
    ...     weight.item()
    0.9
    0.85

    Left out of torch's options are `foreach`, `differentiable`, `capturable`; so are sparse and complex
    parameters.

    To train fast, use `torch.optim.Adamax` with `foreach=True`; it has no fused form.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        betas: β₁ and β₂, the parts of the mean and of the maximum that are kept in each step.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        maximize: Climb instead of descending.

    Raises:
        ValueError: If `lr`, `eps` or `weight_decay` is negative, or one of `betas` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.Adamax

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require_moments(group)

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """A mean and a maximum of 0."""
        zeros = torch.zeros_like
        return {"step": step_count(), "exp_avg": zeros(parameter), "exp_inf": zeros(parameter)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Average the gradients, keep their largest, and divide."""
        beta1, beta2 = group["betas"]
        state["step"] += 1
        # m ← β₁ m + (1 − β₁) g
        mean = state["exp_avg"].lerp_(gradient, 1 - beta1)
        # u ← max(β₂ u, |g| + ε)
        largest = state["exp_inf"].mul_(beta2).maximum_(gradient.abs().add_(group["eps"]))
        # θ ← θ − η / (1 − β₁ᵗ) · m / u
        parameter.addcdiv_(mean, largest, value=-group["lr"] / (1 - beta1 ** state["step"].item()))
