r"""Nesterov's accelerated gradient: momentum that looks where it is going before it takes the gradient.

With θ the weights, η the learning rate, β the momentum, m the velocity, at first 0, and ∇L(φ) the gradient of the loss
at the point φ, which is where the velocity alone would lead:

    φ = θ + β m
    m ← β m − η ∇L(φ)
    θ ← θ + m

torch does it without taking the gradient anywhere but at the weights that it has: it keeps φ in θ's place. With g the
gradient there and the rate outside the velocity, as in momentum:

    b ← β b + g
    φ ← φ − η (g + β b)

While η is constant these are the same points φ. What torch trains, validates and saves are then the φ, a part β of a
step ahead of θ.

Nesterov, "A method for unconstrained convex minimization problem with the rate of convergence O(1/k²)", Doklady AN
USSR 269 (1983). https://www.mathnet.ru/eng/dan46009
Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.
https://proceedings.mlr.press/v28/sutskever13.html
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.momentum import Momentum
from lightning_modules.optimizers.tensors import Tensors


class Nesterov(Momentum):
    """Nesterov's momentum: `torch.optim.SGD(params, lr, momentum=0.9, nesterov=True)`, as its equation.

    >>> import torch
    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = Nesterov([weight], lr=0.1, momentum=0.5)
    >>> for _ in range(2):  # the gradient is 1: 0.1 · (1 + 0.5 · 1), then 0.1 · (1 + 0.5 · 1.5)
    ...     weight.grad = torch.ones(1)
    ...     optimizer.step()
    ...     weight.item()
    0.85
    0.675

    Left out of torch's options are `dampening`, `nesterov`, `foreach`, `differentiable`, `fused`; so are sparse
    and complex parameters.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        momentum: β, the part of the velocity that is kept in each step; not 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        maximize: Climb instead of descending.
        paper_form: Keep θ, and go to φ only while the closure computes the gradient. So `step` needs a closure,
            which Lightning's automatic optimization gives it (not under 16-mixed precision). Of batches whose
            gradients are accumulated, only the last is then seen from φ. torch cannot go on from such a state.

    Raises:
        ValueError: If `lr` or `weight_decay` is negative, or `momentum` not in (0, 1); in a step, if `paper_form`
            is set and there is no closure.
        TypeError: In a step, if a gradient is sparse or complex.
    """

    counterpart: ClassVar = torch.optim.SGD
    fixed: ClassVar = {"dampening": 0, "nesterov": True}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        maximize: bool = False,
        paper_form: bool = False,
    ) -> None:
        super().__init__(params, lr, momentum, weight_decay, maximize, paper_form)

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require(
            group["momentum"] > 0, "momentum", group["momentum"], "above 0, or there is no way to look"
        )

    def evaluate(self, closure: Callable[[], float] | None) -> float | None:
        """Compute the loss and its gradients, in the paper's form at φ = θ + β m."""
        groups = [group for group in self.param_groups if group["paper_form"]]
        if not groups:
            return super().evaluate(closure)
        if closure is None:
            raise ValueError(
                "Nesterov(paper_form=True) takes the gradient elsewhere than at the weights, so step() needs a closure "
                "that computes it. Without one, use paper_form=False, which makes the same steps."
            )
        moved = [(p, group["momentum"]) for group in groups for p in group["params"] if self.state.get(p)]
        back = [parameter.clone() for parameter, _ in moved]
        try:
            for parameter, beta in moved:
                # φ = θ + β m
                parameter.add_(self.state[parameter]["velocity"], alpha=beta)
            return super().evaluate(closure)
        finally:
            for (parameter, _), here in zip(moved, back, strict=True):
                parameter.copy_(here)

    def decay(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> Tensors:
        """Add the gradient of the penalty; in the paper's form that at φ, where the loss's was taken."""
        gradient = super().decay(parameter, gradient, state, group)
        if group["paper_form"]:
            # λ φ = λ θ + λ β m
            gradient.add_(state["velocity"], alpha=group["weight_decay"] * group["momentum"])
        return gradient

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Make momentum's step; in torch's form, from φ to the next φ."""
        if group["paper_form"]:
            super().update_(parameter, gradient, state, group)
        else:
            rate, beta = group["lr"], group["momentum"]
            # b ← β b + g
            velocity = state["momentum_buffer"].mul_(beta).add_(gradient)
            # φ ← φ − η (g + β b)
            parameter.add_(gradient.add(velocity, alpha=beta), alpha=-rate)
