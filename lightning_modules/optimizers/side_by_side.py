"""Several optimizers as one, each for parameters of its own.

Some optimizers are for some parameters only: Muon moves matrices, and needs another one beside it for the rest. Lightning
gives two optimizers to a module that calls them itself, and then clipping, accumulating, and the count of steps are the
module's own business. As one optimizer they are trained as any: a step of it is a step of each.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any, cast, overload

import torch
from torch import Tensor
from torch.optim import Optimizer


class SideBySide(Optimizer):
    """Several optimizers that step together.

    >>> matrix, bias = torch.nn.Parameter(torch.eye(2)), torch.nn.Parameter(torch.ones(2))
    >>> optimizer = SideBySide(torch.optim.Muon([matrix], lr=0.02), torch.optim.AdamW([bias], lr=1e-3))
    >>> [group["lr"] for group in optimizer.param_groups]
    [0.02, 0.001]

    The groups are theirs, one optimizer's after the other's. A schedule that multiplies rates keeps their ratio; one that
    is told a rate, such as `OneCycleLR`, wants a list of them.

    Args:
        *optimizers: At least one; no parameter may be in two of them.

    Attributes:
        optimizers: As a tuple. To add a group, add it to one of them before it comes here.
        state: What they keep, by parameter, as they have it.

    Raises:
        TypeError: If something else than an optimizer is given.
        ValueError: If there is none, or a parameter is in two of them; on loading, if the state is of another number of
            optimizers, or not what one of them takes.
    """

    def __init__(self, *optimizers: Optimizer) -> None:
        for one in optimizers:
            if not isinstance(one, Optimizer):
                raise TypeError(
                    f"SideBySide takes optimizers, one after the other, got {type(one).__name__}."
                )
        if not optimizers:
            raise ValueError("SideBySide needs at least one optimizer, got none.")
        owners: dict[Tensor, Optimizer] = {}
        for one in optimizers:
            for parameter in (parameter for group in one.param_groups for parameter in group["params"]):
                if parameter in owners:
                    raise ValueError(
                        f"A parameter of shape {tuple(parameter.shape)} is in two of the optimizers, and would be moved "
                        "twice. Leave it out of one of them."
                    )
                owners[parameter] = one
        self.optimizers = optimizers
        self._is_made = False
        super().__init__([group for one in optimizers for group in one.param_groups], {})
        self._is_made = True
        self.state = cast("defaultdict[Tensor, Any]", _States(owners))

    def __reduce__(self) -> tuple[type["SideBySide"], tuple[Optimizer, ...]]:
        return type(self), self.optimizers

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Let each of them make a step.

        Args:
            closure: Computes the loss and its gradients; called first and once, if given.

        Returns:
            The closure's loss.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for one in self.optimizers:
            one.step()
        return loss

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Refused: to which of them?

        Args:
            param_group: The one to add.
        """
        if self._is_made:
            raise ValueError(
                "SideBySide cannot know which of its optimizers is to have the new group. Add it to that one, and make "
                "another SideBySide of them."
            )
        super().add_param_group(param_group)

    def state_dict(self) -> dict[str, Any]:
        """The states of all, each as its optimizer gives it and could load it alone."""
        return {"optimizers": [one.state_dict() for one in self.optimizers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that such optimizers side by side have saved.

        Args:
            state_dict: What `state_dict` gave.
        """
        states = state_dict.get("optimizers")
        if states is None or len(states) != len(self.optimizers):
            saved = "a single optimizer" if states is None else f"{len(states)} optimizers side by side"
            raise ValueError(
                f"SideBySide of {len(self.optimizers)} optimizers cannot go on from this state, which is that of {saved}."
            )
        for one, state in zip(self.optimizers, states, strict=True):
            one.load_state_dict(state)
        self.param_groups = [group for one in self.optimizers for group in one.param_groups]


class _States(MutableMapping[Tensor, Any]):
    """What is kept for a parameter, where its optimizer has it."""

    def __init__(self, owners: dict[Tensor, Optimizer]) -> None:
        self._owners = owners

    def __getitem__(self, parameter: Tensor) -> Any:
        return self._owners[parameter].state[parameter]

    def __setitem__(self, parameter: Tensor, state: Any) -> None:
        self._owners[parameter].state[parameter] = state

    def __delitem__(self, parameter: Tensor) -> None:
        del self._owners[parameter].state[parameter]

    def __iter__(self) -> Iterator[Tensor]:
        return (parameter for parameter, one in self._owners.items() if parameter in one.state)

    def __len__(self) -> int:
        return sum(1 for _ in self)
