r"""Nadam: Adam with Nesterov's look ahead.

With θ the weights, g their gradient, η the learning rate, m and s the means of gradients and of squared gradients, at
first 0, β₁ and β₂ the parts of them that are kept, t the number of the step, from 1, μₜ the momentum of step t, ε a small
number against dividing by 0, and all operations number by number:

    m ← β₁ m + (1 − β₁) g
    s ← β₂ s + (1 − β₂) g²
    m̂ = μₜ₊₁ m / (1 − μ₁ ⋯ μₜ₊₁) + (1 − μₜ) g / (1 − μ₁ ⋯ μₜ)
    ŝ = s / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√ŝ + ε)

The second summand is the look ahead: the newest gradient counts once more. The plain form has μₜ = β₁. torch and
the paper let it grow from about half of β₁, with ψ = `momentum_decay` saying how fast:

    μₜ = β₁ (1 − 0.5 · 0.96^(ψ t))

ψ = 0.004 is torch's and takes tens of thousands of steps; 1 is Keras' and takes a hundred; 0 holds μ at β₁/2 for ever.
The paper also averages m with μₜ where torch and Keras keep β₁. ε may stand inside the root, √(ŝ + ε).

Dozat, "Incorporating Nesterov Momentum into Adam", ICLR 2016 workshop. https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer, root, step_count
from lightning_modules.optimizers.tensors import Tensors


class Nadam(PerParameterOptimizer):
    """Adam with Nesterov's momentum: `torch.optim.NAdam`, as its equation.

    >>> weight = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = Nadam([weight], lr=0.1, betas=(0.5, 0.999), momentum_decay=None)
    >>> weight.grad = torch.tensor([3.0])
    >>> optimizer.step()  # m = 1.5, and 0.1 · (0.5 · 1.5 / (1 − 0.25) + 0.5 · 3 / (1 − 0.5)) / 3
    >>> weight.item()
    0.86667

    Left out of torch's options are `decoupled_weight_decay`, `foreach`, `capturable`, `differentiable`; so are
    sparse and complex parameters.

    To train fast, use `torch.optim.NAdam` with `foreach=True`; it has no fused form.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η.
        betas: β₁ and β₂, the parts of the means of gradients and of squares that are kept in each step.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        momentum_decay: ψ, how fast the momentum grows to β₁. None holds it there; torch cannot go on from that.
        maximize: Climb instead of descending.
        eps_inside: Put ε inside the root.
        paper_form: Average the gradients with μₜ in place of β₁.

    Raises:
        ValueError: If `lr`, `eps`, `weight_decay` or `momentum_decay` is negative, or one of `betas` not in [0, 1).
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.NAdam
    fixed: ClassVar = {"decoupled_weight_decay": False}

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float | None = 4e-3,
        maximize: bool = False,
        eps_inside: bool = False,
        paper_form: bool = False,
    ) -> None:
        settings = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        settings |= {"momentum_decay": momentum_decay, "eps_inside": eps_inside, "paper_form": paper_form}
        super().__init__(params, **settings)

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require_moments(group)
        psi = group["momentum_decay"]
        self.require(psi is None or psi >= 0, "momentum_decay", psi, "at least 0, or None")

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """Means of 0, and a product of no factors, which is 1."""
        means = {"exp_avg": torch.zeros_like(parameter), "exp_avg_sq": torch.zeros_like(parameter)}
        return means | {"step": step_count(), "mu_product": torch.tensor(1.0)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Average gradients and squares, look ahead, and divide."""
        rate, (beta1, beta2) = group["lr"], group["betas"]
        state["step"] += 1
        t = state["step"].item()
        mu, mu_next = momentum(t, group), momentum(t + 1, group)
        state["mu_product"] *= mu
        product = state["mu_product"].item()
        # m ← β₁ m + (1 − β₁) g
        mean = state["exp_avg"].lerp_(gradient, 1 - (mu if group["paper_form"] else beta1))
        # s ← β₂ s + (1 − β₂) g²
        squares = state["exp_avg_sq"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        # ŝ = s / (1 − β₂ᵗ)
        divisor = root(squares / (1 - beta2**t), group["eps"], group["eps_inside"])
        # θ ← θ − η m̂ / (√ŝ + ε), one summand of m̂ after the other
        parameter.addcdiv_(mean, divisor, value=-rate * mu_next / (1 - product * mu_next))
        parameter.addcdiv_(gradient, divisor, value=-rate * (1 - mu) / (1 - product))


def momentum(t: float, group: Mapping[str, Any]) -> float:
    """The momentum μ of step `t` = 1, 2, … with the `betas` and the `momentum_decay` of a `group`.

    >>> settings = {"betas": (0.9, 0.999), "momentum_decay": 4e-3}
    >>> [round(momentum(t, settings), 3) for t in (1, 1_000, 10_000)]
    [0.45, 0.518, 0.812]
    """
    beta1: float = group["betas"][0]
    psi = group["momentum_decay"]
    # μₜ = β₁ (1 − 0.5 · 0.96^(ψ t))
    return beta1 if psi is None else beta1 * (1 - 0.5 * 0.96 ** (psi * t))
