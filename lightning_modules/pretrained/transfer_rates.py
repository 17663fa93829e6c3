"""A learning rate for each layer, whatever the optimizer's groups and its schedule are.

The usual way is a parameter group for each layer. But a group that is added after its schedule was made breaks
`LambdaLR`, `SequentialLR`, `CyclicLR`, `CosineAnnealingWarmRestarts` and `OneCycleLR`, and where all are there from the
beginning, `OneCycleLR(max_lr=0.1)` and Lightning's rate finder write one rate into all of them. So here the groups
stay as they are, and hold the rate that the schedule says. Only for the time of a step each is divided into one group
for each factor, whose rate is the group's times the factor:

    θ ← θ − η f ∇θ        η the schedule's rate, f the factor of the layer that θ belongs to

Howard, Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, section 3.2.
https://arxiv.org/abs/1801.06146
"""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import Optimizer

from lightning_modules.optimizers.stepping import Group, note_division

Factor = Callable[[nn.Parameter], float | None]


def divided(group: Group, factor: Factor) -> list[Group]:
    """A parameter group, divided by the factors of its parameters; with factor None a parameter is left out.

    ```python
    >>> import torch
    >>> head, body, frozen = (nn.Parameter(torch.zeros(1)) for _ in range(3))
    >>> factors = {head: 1.0, body: 0.5, frozen: None}
    >>> parts = divided({"params": [head, body, frozen], "lr": 0.5, "momentum": 0.9}, factors.get)
    >>> [(part["lr"], part["momentum"], len(part["params"])) for part in parts]
    [(0.5, 0.9, 1), (0.25, 0.9, 1)]

    ```

    Args:
        group: One of an optimizer's `param_groups`.
        factor: What a parameter's rate is multiplied by.
    """
    members: dict[float, list[nn.Parameter]] = {}
    for parameter in group["params"]:
        times = factor(parameter)
        if times is not None:
            members.setdefault(times, []).append(parameter)
    return [group | {"params": params, "lr": group["lr"] * times} for times, params in members.items()]


class LayerRates:
    """Divides an optimizer's groups while it steps, until `remove` is called.

    What they were in the step can be asked for after it: `stepped_groups`.

    A closure that the step is given, as Lightning gives it training step and backward pass, still finds the groups as
    they are.

    Args:
        optimizer: One that steps itself (`stepping`), and has groups to divide, unlike LBFGS.
        factor: What a parameter's rate is multiplied by; None leaves the parameter out of the step.
    """

    def __init__(self, optimizer: Optimizer, factor: Factor) -> None:
        self._optimizer = optimizer
        self._factor = factor
        self._whole: list[Group] | None = None
        self._parts: list[list[Group]] = []
        self._hooks = [
            optimizer.register_step_pre_hook(self._before),
            optimizer.register_step_post_hook(self._after),
        ]

    def remove(self) -> None:
        """Step as usual again."""
        self._restore()
        note_division(self._optimizer, None)
        for hook in self._hooks:
            hook.remove()

    def _before(
        self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        self._restore()  # the last step ended with an error, or this one was called by a subclass's
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if closure is None:
            self._divide()
            return None

        def then_divide() -> Any:
            result = closure()
            self._divide()
            return result

        return args[:1], kwargs | {"closure": then_divide}

    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._restore()

    def _divide(self) -> None:
        if self._whole is not None:
            return  # a closure may be called several times in a step
        self._whole = self._optimizer.param_groups
        self._parts = [divided(group, self._factor) for group in self._whole]
        self._optimizer.param_groups = [part for parts in self._parts for part in parts]
        note_division(self._optimizer, self._optimizer.param_groups)

    def _restore(self) -> None:
        if self._whole is not None:
            for group, parts in zip(self._whole, self._parts, strict=True):
                for part in parts[:1]:  # some optimizers count their steps in the group
                    group.update(
                        {name: value for name, value in part.items() if name not in ("params", "lr")}
                    )
            self._optimizer.param_groups = self._whole
            self._whole, self._parts = None, []
