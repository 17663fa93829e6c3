r"""ℓ1 and ℓ2: a price on large weights.

With L the loss, w the penalized weights and λ = `strength`, the network minimizes

    ℓ1    L + λ Σ |w|           whose slope is λ sign(w): a constant pull, which ends at 0
    ℓ2    L + λ/2 Σ w²          whose slope is λ w: a pull that weakens with the weight, and never ends at 0

Two ways to do ℓ1, with g the gradient of L, η the learning rate and step(w, g) what the optimizer makes of them:

    subgradient   w ← step(w, g + λ sign(w))                w crosses 0 and comes back: small, hardly ever 0
    proximal      w ← soft(step(w, g), η λ)                 what is within η λ of 0 becomes 0
                  soft(w, t) = sign(w) max(|w| − t, 0)

By subgradient the pull goes through the optimizer: momentum β multiplies it by 1 / (1 − β), Adam divides it by the
size of the gradients. The proximal step pulls by η λ, whatever the optimizer. With plain gradient descent they agree.

Neither leaves many exact zeros where batches are small: the noise of the gradient moves a weight by more than η λ.
So shrink, then set to zero what is small: `zero_small_`.

ℓ2 as here is the `weight_decay` of torch's SGD and Adam; that of AdamW is something else.

Where a weight is computed from other parameters θ, as by weight norm, w is what is penalized: θ's gradient gets
(∂w/∂θ)ᵀ λ sign(w), or (∂w/∂θ)ᵀ λ w. A proximal step on θ would be none on w, and is refused.

Tibshirani, "Regression Shrinkage and Selection via the Lasso", J. R. Stat. Soc. B 58 (1996).
https://doi.org/10.1111/j.2517-6161.1996.tb02080.x
Duchi, Singer, "Efficient Online and Batch Learning Using Forward Backward Splitting", JMLR 10 (2009) (proximal).
https://jmlr.org/papers/v10/duchi09a.html
Krogh, Hertz, "A Simple Weight Decay Can Improve Generalization", NIPS 1991 (ℓ2).
https://proceedings.neurips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_modules.layer_weights import Weight
from lightning_modules.optimizers.stepping import stepped_groups
from lightning_modules.regularization.after_step import AfterStep
from lightning_modules.regularization.penalties_callback import GradientPenalty, SparsePenalty


@torch.no_grad()
def add_l1_gradient_(parameters: Iterable[nn.Parameter], strength: float) -> None:
    """Add, in place, λ sign(w) to the gradients; where w is 0, nothing.

    >>> weight = nn.Parameter(torch.tensor([2.0, -0.5, 0.0]))
    >>> weight.grad = torch.tensor([1.0, 1.0, 1.0])
    >>> add_l1_gradient_([weight], strength=0.1), weight.grad
    (None, tensor([1.1000, 0.9000, 1.0000]))

    Args:
        parameters: Those without a gradient are left alone.
        strength: λ.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.add_(parameter.sgn(), alpha=strength)  # of a complex number w / |w|


@torch.no_grad()
def add_l2_gradient_(parameters: Iterable[nn.Parameter], strength: float) -> None:
    """Add, in place, λ w to the gradients.

    >>> weight = nn.Parameter(torch.tensor([2.0, -0.5]))
    >>> weight.grad = torch.tensor([1.0, 1.0])
    >>> add_l2_gradient_([weight], strength=0.1), weight.grad
    (None, tensor([1.2000, 0.9500]))

    Args:
        parameters: Those without a gradient are left alone.
        strength: λ.
    """
    for parameter in parameters:
        if parameter.grad is not None:
            parameter.grad.add_(parameter, alpha=strength)


@torch.no_grad()
def soft_threshold_(weight: Tensor, threshold: float) -> Tensor:
    """Move each number, in place, towards 0 by the threshold, and no further than 0.

    >>> soft_threshold_(torch.tensor([2.0, -0.5, 0.05]), threshold=0.1)
    tensor([ 1.9000, -0.4000,  0.0000])

    Args:
        weight: Of any shape.
        threshold: How far, at least 0.
    """
    # Once over the numbers, without another tensor.
    return nn.functional.softshrink(weight, threshold, out=weight)  # type: ignore[call-arg]  # out= lacks in its stub


class L2Penalty(GradientPenalty):
    """Add λ/2 Σ w² to the loss, by its slope: SGD's and Adam's `weight_decay`, on weights alone.

    It needs no parameter groups, so it works with any LightningModule as it is. The Trainer's gradient clipping comes
    after it and clips the sum.

    >>> L2Penalty(0.01).strength
    0.01

    Args:
        strength: λ.
        exempt: Types of modules whose weights are not penalized, besides biases and normalizations; see
            `split_parameters`.

    Attributes:
        penalized: The names of the weights, once training has started.

    Raises:
        ValueError: If `strength` is not positive.
        TypeError: If `exempt` holds something else than types of modules.
        MisconfigurationException: When training starts, if there are no weights, or with FSDP, DeepSpeed, LBFGS, or
            a fused optimizer under 16-mixed precision.
        TypeError: In a step, if the gradient of a weight is sparse.
    """

    def __init__(self, strength: float, exempt: Sequence[type[nn.Module]] = ()) -> None:
        super().__init__(strength, exempt)

    def add_(self, weights: Sequence[nn.Parameter]) -> None:
        """Add λ w."""
        add_l2_gradient_(weights, self.strength)


class SubgradientL1(SparsePenalty, GradientPenalty):
    """Add λ Σ |w| to the loss, by its slope λ sign(w). Weights become small, hardly ever 0.

    Much cheaper than a penalty in `training_step`, which autograd has to go through. Logged are, per epoch,
    `weights/zero` and `weights/small`: the fractions of the penalized weights that are 0, and that are at most `small`.
    The Trainer's gradient clipping comes after the penalty and clips the sum.

    >>> SubgradientL1(1e-4).strength
    0.0001

    Args:
        strength: λ. Momentum β makes its pull 1 / (1 − β) times as strong, Adam as strong as the gradients are small.
        small: The largest absolute value that counts as small.
        exempt: Types of modules whose weights are not penalized, besides biases and normalizations; see
            `split_parameters`.

    Attributes:
        penalized: The names of the weights, once training has started.

    Raises:
        ValueError: If `strength` is not positive, or `small` is negative.
        TypeError: If `exempt` holds something else than types of modules.
        MisconfigurationException: When training starts, if there are no weights or two ℓ1 penalties, or with FSDP,
            DeepSpeed, LBFGS, or a fused optimizer under 16-mixed precision.
        TypeError: In a step, if the gradient of a weight is sparse.
    """

    def __init__(self, strength: float, small: float = 1e-3, exempt: Sequence[type[nn.Module]] = ()) -> None:
        super().__init__(strength, small, exempt)

    def add_(self, weights: Sequence[nn.Parameter]) -> None:
        """Add λ sign(w)."""
        add_l1_gradient_(weights, self.strength)


class ProximalL1(SparsePenalty, AfterStep):
    """Move each weight towards 0 by η λ after each step, and no further than 0; η is the rate of its step.

    It acts after the optimizer's real steps only. Logged are, per epoch, `weights/zero` and `weights/small`: the
    fractions of the penalized weights that are 0, and that are at most `small`. Weights whose gradient stays smaller than
    λ end at exactly 0; with small batches the gradient's noise moves them away again and again.

    >>> ProximalL1(1e-3, small=1e-2).small
    0.01

    Args:
        strength: λ. The same under every optimizer: neither momentum nor Adam's scaling changes the pull.
        small: The largest absolute value that counts as small.
        exempt: Types of modules whose weights are not penalized, besides biases and normalizations; see
            `split_parameters`.

    Attributes:
        penalized: The names of the weights, once training has started.

    Raises:
        ValueError: If `strength` is not positive, or `small` is negative.
        TypeError: If `exempt` holds something else than types of modules.
        MisconfigurationException: When training starts, if there are no weights or two ℓ1 penalties, if a weight is
            complex, sparse, expanded or computed from others (but for pruning's masks), or with FSDP, DeepSpeed or
            LBFGS.
    """

    def __init__(self, strength: float, small: float = 1e-3, exempt: Sequence[type[nn.Module]] = ()) -> None:
        super().__init__(strength, small, exempt)

    def obstacle(self, weight: Weight) -> str | None:
        """Why a `weight` cannot be moved number by number, and the way out; None where it can."""
        how = weight.computed
        if how is not None and not how.is_masked and any(source.requires_grad for source in how.sources):
            return (
                f"is computed from other parameters ({how.kind}), and those that are near 0 do not make it 0. Make it "
                f"plain first, with {how.remedy}; exempt its layer's type, with exempt=[type(layer)]; or use "
                "SubgradientL1."
            )
        if any(source.is_complex() for source in weight.sources):
            return "is complex, where softshrink needs real numbers. Use SubgradientL1."
        return super().obstacle(weight)

    def after_step(self, optimizer: Optimizer) -> None:
        """Shrink the weights that took part in the step."""
        for group in stepped_groups(optimizer):
            threshold = float(group["lr"]) * self.strength
            for weight in self._updated(group):
                soft_threshold_(weight, threshold)
