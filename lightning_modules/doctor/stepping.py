"""What an optimizer's step does: its length beside the weights', and which gradients it is made with."""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from lightning_modules.doctor.record import StepSeen

_DECOUPLED = {"AdamW", "RAdam", "Lion", "Muon"}
_MOST_COMPARED = 4096


class StepWatch:
    """Measures one step of one optimizer, from before it to after it.

    Lightning computes gradients inside the step, so they are looked at when it is made. Of a large parameter some
    numbers, evenly spaced, stand for the others.

    Args:
        optimizer: Which is about to step.
        names: Of the module's parameters, by their identity.
    """

    @torch.no_grad()
    def __init__(self, optimizer: Optimizer, names: dict[int, str]) -> None:
        self._optimizer, self._names = optimizer, names
        self._parameters = [
            parameter
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.is_floating_point() and parameter.layout == torch.strided and not is_lazy(parameter)
        ]
        self._before = [_some(parameter).clone() for parameter in self._parameters]

    @torch.no_grad()
    def seen(self, step: int, unclipped: float) -> StepSeen:
        """What the step has done, now that it is made.

        Args:
            step: Which it was.
            unclipped: The norm of the whole gradient before it was clipped; NaN if nobody knows.
        """
        groups = self._optimizer.param_groups
        rate = max((float(group["lr"]) for group in groups if "lr" in group), default=0.0)
        decay = max((float(group.get("weight_decay") or 0.0) for group in groups), default=0.0)
        decoupled = type(self._optimizer).__name__ in _DECOUPLED or any(
            group.get("decoupled_weight_decay") for group in groups
        )
        names = [self._names.get(id(parameter), "(another's)") for parameter in self._parameters]
        with_gradient = [
            (name, parameter.grad)
            for name, parameter in zip(names, self._parameters, strict=True)
            if parameter.grad is not None and parameter.grad.layout == torch.strided
        ]
        weight = self._scaled(_norms(self._before))
        if self._before:
            torch._foreach_sub_(self._before, [_some(parameter) for parameter in self._parameters])
        update = self._scaled(_norms(self._before))
        gradient = _listed(_norms([gradient for _, gradient in with_gradient]))
        length = math.hypot(*weight)
        return StepSeen(
            step,
            rate,
            dict(zip((name for name, _ in with_gradient), gradient, strict=True)),
            dict(zip(names, weight, strict=True)),
            dict(zip(names, update, strict=True)),
            {name: parameter.numel() for name, parameter in zip(names, self._parameters, strict=True)},
            unclipped,
            decay * length * (rate if decoupled else 1.0),
            decoupled,
        )

    def _scaled(self, norms: Tensor | None) -> list[float]:
        """Norms of all the numbers, from those of some."""
        pairs = zip(_listed(norms), self._parameters, self._before, strict=True)
        return [norm * math.sqrt(all_.numel() / max(some.numel(), 1)) for norm, all_, some in pairs]

    def with_gradient(self) -> list[nn.Parameter]:
        """Those that have got one."""
        return [parameter for parameter in self._parameters if parameter.grad is not None]


def total(norms: dict[str, float]) -> float:
    """The norm of all together.

    >>> total({"one": 3.0, "other": 4.0})
    5.0

    Args:
        norms: By name.
    """
    return math.hypot(*norms.values())


def gradient_norm(parameters: Iterator[nn.Parameter]) -> Tensor | None:
    """The norm of all gradients, on their device."""
    gradients = [
        parameter.grad
        for parameter in parameters
        if parameter.grad is not None and parameter.grad.layout == torch.strided
    ]
    norms = _norms(gradients)
    return None if norms is None else norms.norm()


def _norms(tensors: Any) -> Tensor | None:
    if not tensors:
        return None
    norms = torch._foreach_norm([tensor.detach() for tensor in tensors])
    device = norms[0].device
    return torch.stack([norm.float().to(device) for norm in norms])


def _listed(norms: Tensor | None) -> list[float]:
    values: list[float] = [] if norms is None else norms.tolist()
    return values


class StaleGradients:
    """Asks, when gradients are computed, whether those of the last step are still there.

    They are compared by a few numbers: gradients that were added to are others.
    """

    def __init__(self) -> None:
        self._used: dict[int, tuple[nn.Parameter, Tensor]] = {}
        self._stale: set[int] = set()
        self._asked: set[int] = set()

    @torch.no_grad()
    def stepped(self, optimizer: Optimizer) -> None:
        """Remember what a step was made with; of gradients that are all 0 nobody can say."""
        self._used.pop(id(optimizer), None)
        largest = max(_with_gradient(optimizer), key=Tensor.numel, default=None)
        if largest is not None and largest.grad is not None and bool(_few(largest.grad).any()):
            self._used[id(optimizer)] = largest, _few(largest.grad)
        self._stale.discard(id(optimizer))
        self._asked.discard(id(optimizer))

    @torch.no_grad()
    def computing(self) -> None:
        """Look, before a backward pass."""
        for key, (parameter, used) in self._used.items():
            gradient = parameter.grad
            self._asked.add(key)
            if gradient is not None and torch.equal(_few(gradient), used):
                self._stale.add(key)
            else:
                self._stale.discard(key)

    def is_stale(self, optimizer: Optimizer) -> bool:
        """Whether the step that this optimizer is about to make has the last one's gradients in it."""
        return id(optimizer) in self._stale

    def was_asked(self, optimizer: Optimizer) -> bool:
        """Whether that could be told."""
        return id(optimizer) in self._asked


def _with_gradient(optimizer: Optimizer) -> Iterator[nn.Parameter]:
    for group in optimizer.param_groups:
        yield from (
            parameter
            for parameter in group["params"]
            if parameter.grad is not None and parameter.grad.layout == torch.strided
        )


def _some(parameter: Tensor) -> Tensor:
    flat = parameter.detach().reshape(-1)
    return flat[:: max(flat.numel() // _MOST_COMPARED, 1)]


def _few(gradient: Tensor) -> Tensor:
    return gradient.detach().reshape(-1)[:_MOST_COMPARED].clone()
