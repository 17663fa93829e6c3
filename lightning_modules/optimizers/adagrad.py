r"""AdaGrad: divide each weight's step by the root of all its squared gradients so far.

With θ the weights, g their gradient, η the learning rate, s the sum of squares, at first 0, ε a small number against
dividing by 0, and all operations number by number:

    s ← s + g²
    θ ← θ − η g / (√s + ε)

So steep directions are slowed down more than flat ones, and the way points more directly to the minimum. But s only
grows: the step of a weight whose gradient keeps its size shrinks like 1 / √t.

Where ε stands differs: torch and the paper put it outside the root, other texts inside, √(s + ε).

Duchi, Hazan, Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", JMLR 12 (2011).
https://jmlr.org/papers/v12/duchi11a.html
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.per_parameter import PerParameterOptimizer, root, step_count
from lightning_modules.optimizers.tensors import Tensors


class AdaGrad(PerParameterOptimizer):
    """A rate for each weight, which can only fall: `torch.optim.Adagrad`, as its equation.

    >>> weights = torch.nn.Parameter(torch.tensor([1.0, 1.0]))
    >>> optimizer = AdaGrad([weights], lr=0.1)
    >>> for _ in range(2):  # of whatever size the gradients are: 0.1 / √1, then 0.1 / √2
    ...     weights.grad = torch.tensor([3.0, 0.5])
    ...     optimizer.step()
    ...     weights.data
    tensor([0.9000, 0.9000])
    tensor([0.8293, 0.8293])

    Left out of torch's options are `lr_decay`, `initial_accumulator_value`, `foreach`, `differentiable`,
    `fused`; so are sparse and complex parameters.

    To train fast, use `torch.optim.Adagrad` with `fused=True`, which makes these steps in one call for all parameters.

    Args:
        params: Parameters, or groups of them with settings of their own.
        lr: The learning rate η, the length of a weight's first step.
        eps: ε. With 0, a weight becomes NaN whose gradient has always been 0.
        weight_decay: λ of an ℓ2 penalty (λ/2)‖θ‖², added to the loss.
        maximize: Climb instead of descending.
        eps_inside: Put ε inside the root.

    Raises:
        ValueError: If `lr`, `eps` or `weight_decay` is negative.
        TypeError: If there is no such setting, or a parameter is complex; in a step, if a gradient is sparse.
    """

    counterpart: ClassVar = torch.optim.Adagrad
    fixed: ClassVar = {"lr_decay": 0}
    for_sparse: ClassVar = torch.optim.Adagrad

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-2,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        maximize: bool = False,
        eps_inside: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, eps=eps, weight_decay=weight_decay, maximize=maximize, eps_inside=eps_inside
        )

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse a group's settings if they are out of range."""
        super().check(group)
        self.require(group["eps"] >= 0, "eps", group["eps"], "at least 0")

    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """A sum of 0."""
        return {"step": step_count(), "sum": torch.zeros_like(parameter)}

    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Add up the squares, and divide by their root."""
        state["step"] += 1  # for torch, which decays the rate by it if asked to
        # s ← s + g²
        squares = state["sum"].addcmul_(gradient, gradient)
        # θ ← θ − η g / (√s + ε)
        parameter.addcdiv_(gradient, root(squares, group["eps"], group["eps_inside"]), value=-group["lr"])
