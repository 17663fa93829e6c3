r"""RMSProp: AdaGrad that forgets, so that its steps do not die.

With θ the weights, g their gradient, η the learning rate, ρ the part of the past that is kept, s the mean of the squared
gradients, at first 0, ε a small number against dividing by 0, and all operations number by number:

    s ← ρ s + (1 − ρ) g²
    θ ← θ − η g / (√s + ε)

s starts at 0 and nothing corrects for it, so the first step has length η / √(1 − ρ): 3 times the rate with the
lecture's ρ = 0.9, 10 times with torch's 0.99. torch's ρ is called alpha.

Where ε stands differs: torch puts it outside the root, other texts inside, √(s + ε).

Tieleman, Hinton, "Lecture 6.5: RMSProp", Coursera: Neural Networks for Machine Learning, 2012.
https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer, root, step_count
from lightning_modules.optimizers.tensors import Tensors


class RMSProp(PerParameterOptimizer):
    """A rate for each weight, from its recent gradients: `torch.optim.RMSprop`, as its equation.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = RMSProp([weight], lr=0.01, alpha=0.99)
    >>> for _ in range(2):  # 0.01 / √0.01, then 0.01 / √0.0199
    ...     weight.grad = torch.tensor([3.0])
    ...     optimizer.step()
    ...     weight.data
    tensor([0.9000])
    tensor([0.8291])

    Left out of torch's options are `momentum`, `centered`, `capturable`, `foreach`, `differentiable`; so are
    sparse and complex parameters.

    To train fast, use `torch.optim.RMSprop` with `foreach=True`; it has no fused form.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        alpha: ρ, the part of the mean of squares that is kept in each step. torch has 0.99, the lecture 0.9.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        maximize: Climb instead of descending.
        eps_inside: Put ε inside the root.

    Raises:
        ValueError: If `lr`, `eps` or `weight_decay` is negative, or `alpha` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.RMSprop
    fixed: ClassVar = {"momentum": 0, "centered": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        maximize: bool = False,
        eps_inside: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            eps_inside=eps_inside,
        )

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require(group["eps"] >= 0, "eps", group["eps"], "at least 0")
        self.require(0 <= group["alpha"] < 1, "alpha", group["alpha"], "at least 0 and below 1")

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """A mean of 0."""
        return {"step": step_count(), "square_avg": torch.zeros_like(parameter)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Average the squares, and divide by their root."""
        state["step"] += 1  # torch counts, so that its states and these are alike
        rho = group["alpha"]
        # s ← ρ s + (1 − ρ) g²
        squares = state["square_avg"].mul_(rho).addcmul_(gradient, gradient, value=1 - rho)
        # θ ← θ − η g / (√s + ε)
        parameter.addcdiv_(gradient, root(squares, group["eps"], group["eps_inside"]), value=-group["lr"])
