r"""Gradient clipping: shorten gradients that are too long, so that one bad batch cannot throw the weights away.

With g all gradients of a step as one long vector, ‖g‖ its Euclidean norm, c the largest value and r the largest norm
that are let through:

    by value    g_i ← min(max(g_i, −c), c)          each number by itself, which turns g to another direction
    by norm     g ← g · min(1, r / ‖g‖)             all together, which keeps the direction

A third way chooses r by itself: by percentile (gradient_clipping_percentile), r is the 90th percentile of
the last norms. A fourth (gradient_clipping_adaptive) compares each unit's gradient with its weights.

How often it acts matters as much as how: one step in ten is a safeguard; more than half of all steps means that the
learning rate is too high, and that clipping does the work of a lower one. So the callbacks log it.

Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", ICML 2013 (by norm).
https://arxiv.org/abs/1211.5063
Mikolov, "Statistical Language Models Based on Neural Networks", PhD thesis, Brno 2012 (by value).
https://www.fit.vut.cz/study/phd-thesis/283/.en
"""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from lightning_modules.gradients.gradient_clipping_callback import GradientClipping, NonFinite


@torch.no_grad()
def clip_by_value_(parameters: Iterable[nn.Parameter], limit: float) -> Tensor:
    """Bring every number of the gradients, in place, into the range from −limit to limit.

    >>> weight = nn.Parameter(torch.zeros(3))
    >>> weight.grad = torch.tensor([3.0, -0.5, -4.0])
    >>> clip_by_value_([weight], limit=1.0), weight.grad  # the largest was 4
    (tensor(4.), tensor([ 1.0000, -0.5000, -1.0000]))

    Args:
        parameters: Those without a gradient are left alone.
        limit: The largest absolute value that is let through.

    Returns:
        The largest absolute value before clipping, as a tensor of no dimensions.

    Raises:
        ValueError: If the limit is not positive.
    """
    _check("limit", limit)
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    ends = torch.stack([end for gradient in gradients for end in gradient.aminmax()])
    largest = ends.abs().view(-1, 2).amax(1)
    # Where nothing is out of range there is no need to go over the numbers; on other devices asking takes longer.
    outside = [not end <= limit for end in largest.tolist()] if largest.is_cpu else [True] * len(gradients)
    for gradient, is_outside in zip(gradients, outside, strict=True):
        if is_outside:
            gradient.clamp_(-limit, limit)  # once over the numbers; torch's clip_grad_value_ goes twice
    return largest.max()


@torch.no_grad()
def clip_by_norm_(parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    """Shorten all gradients together, in place, to the norm `max_norm` if they are longer. It is torch's function.

    >>> weight = nn.Parameter(torch.zeros(2))
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_by_norm_([weight], max_norm=1.0), weight.grad  # the norm was 5
    (tensor(5.), tensor([0.6000, 0.8000]))

    Args:
        parameters: Those without a gradient are left alone.
        max_norm: The longest that the gradients may be.

    Returns:
        The norm before clipping, as a tensor of no dimensions.

    Raises:
        ValueError: If `max_norm` is not positive.
    """
    _check("max_norm", max_norm)
    return nn.utils.clip_grad_norm_(list(parameters), max_norm)


class ClipGradientValue(GradientClipping):
    """Bring every number of the gradients into the range from −limit to limit, before each step.

    A step counts as clipped if at least one number was.

    >>> ClipGradientValue(0.5).limit
    0.5

    Args:
        limit: The largest absolute value that is let through.
        non_finite: What to do if a gradient is not finite: "raise", or "skip" the step and count it.
        every_step: Also keep the norm of each step, as `norms`.

    Raises:
        ValueError: If `limit` is not positive, or `non_finite` is unknown.
        MisconfigurationException: When training starts, with what cannot be clipped; see `GradientClipping`.
        FloatingPointError: In training, if a gradient is not finite and `non_finite` is "raise".
    """

    compares = True

    def __init__(self, limit: float, non_finite: NonFinite = "raise", every_step: bool = False) -> None:
        super().__init__(non_finite, every_step)
        _check("limit", limit)
        self.limit = limit

    def clip_(self, parameters: Sequence[nn.Parameter], norm: float) -> bool:
        """Clip what is out of range; nothing can be where the norm is smaller than the limit."""
        return norm > self.limit and clip_by_value_(parameters, self.limit).item() > self.limit


class ClipGradientNorm(GradientClipping):
    """Shorten all gradients together to `max_norm` where they are longer, before each step.

    What `Trainer(gradient_clip_val=...)` does, and it says how often.

    >>> ClipGradientNorm(1.0, non_finite="skip").max_norm
    1.0

    Args:
        max_norm: The longest that the gradients may be.
        non_finite: What to do if a gradient is not finite: "raise", or "skip" the step and count it.
        every_step: Also keep the norm of each step, as `norms`.

    Raises:
        ValueError: If `max_norm` is not positive, or `non_finite` is unknown.
        MisconfigurationException: When training starts, with what cannot be clipped; see `GradientClipping`.
        FloatingPointError: In training, if a gradient is not finite and `non_finite` is "raise".
    """

    def __init__(self, max_norm: float, non_finite: NonFinite = "raise", every_step: bool = False) -> None:
        super().__init__(non_finite, every_step)
        _check("max_norm", max_norm)
        self.max_norm = max_norm

    def clip_(self, parameters: Sequence[nn.Parameter], norm: float) -> bool:
        """Scale the gradients, if they are too long."""
        return scale_down_(parameters, norm, self.max_norm)


def scale_down_(parameters: Sequence[nn.Parameter], norm: float, max_norm: float) -> bool:
    """Scale gradients of a known norm to `max_norm`, in place, if they are longer, and say whether they were.

    Args:
        parameters: Those without a gradient are left alone.
        norm: The norm of all their gradients together.
        max_norm: The longest that they may be.
    """
    if norm <= max_norm:
        return False
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    # As torch's clip_grad_norm_ does, but by a plain number, which takes half the time that a tensor does.
    if gradients:
        torch._foreach_mul_(gradients, max_norm / (norm + 1e-6))
    return True


def _check(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(
            f"{name} must be positive, got {value}. To train without clipping, leave the callback out."
        )
