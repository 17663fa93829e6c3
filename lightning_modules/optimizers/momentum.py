r"""Momentum: step along a running sum of gradients, like a ball that rolls downhill.

With θ the weights, g the gradient of the loss at θ, η the learning rate, β the momentum and m the velocity, at first 0:

    m ← β m − η g
    θ ← θ + m

Where gradients agree, steps grow up to 1 / (1 − β) times as long; where they alternate, they cancel.

torch keeps the rate out of the velocity: b ← β b + g and θ ← θ − η b. While η is constant these are the same steps,
with m = −η b. When η changes, torch's velocity changes at once, and the equation's only as old steps are forgotten.

Polyak, "Some methods of speeding up the convergence of iteration methods", USSR Computational Mathematics and
Mathematical Physics 4 (1964). https://doi.org/10.1016/0041-5553(64)90137-5
Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.
https://proceedings.mlr.press/v28/sutskever13.html
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer
from lightning_modules.optimizers.tensors import Tensors


class Momentum(PerParameterOptimizer):
    """Gradient descent with momentum: `torch.optim.SGD(params, lr, momentum=0.9)`, as its equation.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = Momentum([weight], lr=0.1, momentum=0.5)
    >>> for _ in range(3):  # the gradient is 1: steps of 0.1, 0.15, 0.175, and never more than 0.1 / (1 − 0.5)
    ...     weight.grad = torch.ones(1)
    ...     optimizer.step()
    ...     weight.item()
    0.9
    0.75
    0.575

    Left out of torch's options are `dampening`, `nesterov`, `foreach`, `differentiable`, `fused`; so are sparse
    and complex parameters.

    To train fast, use `torch.optim.SGD` with `fused=True`, which makes these steps in one call for all parameters.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        momentum: β, the part of the velocity that is kept in each step.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        maximize: Climb instead of descending.
        paper_form: Keep the rate inside the velocity, as the equation does. torch cannot go on from such a state.

    Raises:
        ValueError: If `lr` or `weight_decay` is negative, or `momentum` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.SGD
    fixed: ClassVar = {"dampening": 0, "nesterov": False}
    for_sparse: ClassVar = torch.optim.SGD

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        maximize: bool = False,
        paper_form: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            weight_decay=weight_decay,
            maximize=maximize,
            paper_form=paper_form,
        )

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require(0 <= group["momentum"] < 1, "momentum", group["momentum"], "at least 0 and below 1")

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """A velocity of 0."""
        return {"velocity" if group["paper_form"] else "momentum_buffer": torch.zeros_like(parameter)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Add the gradient to the velocity, and the velocity to the parameter."""
        rate, beta = group["lr"], group["momentum"]
        if group["paper_form"]:
            # m ← β m − η g
            velocity = state["velocity"].mul_(beta).add_(gradient, alpha=-rate)
            # θ ← θ + m
            parameter.add_(velocity)
        else:
            # b ← β b + g
            velocity = state["momentum_buffer"].mul_(beta).add_(gradient)
            # θ ← θ − η b
            parameter.add_(velocity, alpha=-rate)
