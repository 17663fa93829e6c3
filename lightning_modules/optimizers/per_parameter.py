"""What the nine optimizers have in common: everything but the equation.

Each of them moves a parameter by its gradient and by a few tensors that it keeps for it. A subclass says what it keeps
(`begin`) and how the parameter moves (`update_`). That is written as if for one parameter, and done for many at once:
see `tensors`. Groups, closures, refusals and checkpoints are here.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Self, overload

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import ParamsT

from lightning_modules.optimizers.tensors import Tensors

# Of so many numbers, what an operation allocates is small beside the gradients, and far more than calling it takes.
_AT_ONCE = 2**22

_Moved = tuple[list[Tensor], list[Tensor], list[dict[str, Tensor]]]
"""Parameters, their gradients, and what is kept for them."""


class PerParameterOptimizer(Optimizer, ABC):
    """The base of the optimizers.

    Its settings have the names of torch's, and so have the tensors that it keeps. So a `state_dict` of either can be
    loaded by the other, which goes on with the same steps.

    Args:
        params: Parameters, or groups of them with settings of their own, as every torch optimizer takes them.
        **settings: The settings of groups that have none of their own.

    Attributes:
        counterpart: torch's optimizer of the same equation, which has more options.
        fixed: Settings of torch's counterpart that the equation does not have, with the value that leaves them out.
        for_sparse: torch's optimizer for parameters whose gradients are sparse.

    Raises:
        ValueError: If a setting is out of its range; on loading, if the state is not this optimizer's.
        TypeError: If there is no such setting, of a group either; if a parameter is complex; in a step, if a gradient is
            sparse.
    """

    counterpart: ClassVar[type[Optimizer]] = Optimizer
    fixed: ClassVar[Mapping[str, object]] = {}
    for_sparse: ClassVar[type[Optimizer]] = torch.optim.SparseAdam

    def __new__(cls, *arguments: Any, **settings: Any) -> Self:
        """Refuse a setting of a name that there is not, and say who has it."""
        known = inspect.signature(cls).parameters
        unknown = [name for name in settings if name not in known]
        if unknown and all(one.kind is not one.VAR_KEYWORD for one in known.values()):
            raise cls._no_setting(unknown[0])
        return super().__new__(cls)

    def __init__(self, params: ParamsT, **settings: Any) -> None:
        super().__init__(params, settings | dict(self.fixed))

    @abstractmethod
    def begin(self, parameter: Tensor, group: Mapping[str, Any]) -> dict[str, Tensor]:
        """What to keep for a parameter, by name, as it is before the first step.

        Args:
            parameter: Of any shape.
            group: The settings of the group that it is in.
        """

    @abstractmethod
    def update_(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> None:
        """Make one step, in place.

        Args:
            parameter: The one to move, of any shape; or rather several, which compute as one.
            gradient: Of the same shape. It must not be changed: it is the user's.
            state: What is kept for this parameter, as `begin` named it; changed in place. What is a single number for
                each of several parameters, such as the count of steps, is the same number for all.
            group: The settings of the group that it is in.
        """

    def check(self, group: Mapping[str, Any]) -> None:
        """Refuse the settings of a `group` if they are out of range."""
        self.require(0 <= group["lr"] < float("inf"), "lr", group["lr"], "at least 0 and finite")
        self.require(group["weight_decay"] >= 0, "weight_decay", group["weight_decay"], "at least 0")
        for name, value in self.fixed.items():
            hint = f"this equation has no other; torch.optim has, with {name} as an option"
            self.require(group[name] == value, name, group[name], f"{value}: {hint}")

    def refusal(self, tensor: Tensor) -> Exception | None:
        """Why a parameter cannot be moved, as the error to raise; None if it can.

        Args:
            tensor: The parameter, or its gradient.
        """
        if not tensor.is_complex():
            return None
        return TypeError(
            f"{type(self).__name__} moves real numbers, and a parameter of shape {tuple(tensor.shape)} is complex. "
            f"Make it real with torch.view_as_real, or use torch.optim.{self.counterpart.__name__}, which takes it."
        )

    def require_moments(self, group: Mapping[str, Any]) -> None:
        """Refuse the settings of a `group` that Adam and its kin share, if they are out of range."""
        self.require(group["eps"] >= 0, "eps", group["eps"], "at least 0")
        betas = group["betas"]
        self.require(len(betas) == 2, "betas", betas, "two numbers")
        for place, beta in enumerate(betas):
            self.require(0 <= beta < 1, f"betas[{place}]", beta, "at least 0 and below 1")

    def require(self, holds: bool, name: str, value: object, range_: str) -> None:
        """Raise a ValueError that names the setting, unless its value is in the range.

        Args:
            holds: Whether it is.
            name: The setting's name.
            value: What it is.
            range_: What it must be, in words.
        """
        if not holds:
            raise ValueError(f"{type(self).__name__}: {name} must be {range_}, got {value}.")

    def decay(
        self, parameter: Tensors, gradient: Tensors, state: dict[str, Tensors], group: Mapping[str, Any]
    ) -> Tensors:
        """The gradient of the loss + (λ/2)‖θ‖², with λ = `weight_decay`: an ℓ2 penalty.

        Args:
            parameter: θ, of any shape.
            gradient: That of the loss, of the same shape; it is left as it is.
            state: What is kept for this parameter.
            group: The settings of the group that the parameter is in.
        """
        # g ← g + λ θ
        return gradient.add(parameter, alpha=group["weight_decay"])

    def evaluate(self, closure: Callable[[], float] | None) -> float | None:
        """Compute the loss and its gradients, if that is left to the optimizer.

        Args:
            closure: Does it; None where it has been done.
        """
        if closure is None:
            return None
        with torch.enable_grad():
            return closure()

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every parameter that has a gradient.

        Args:
            closure: Computes the loss and its gradients; called first, if given.

        Returns:
            The closure's loss.
        """
        loss = self.evaluate(closure)
        self._refuse_gradients()
        for group in self.param_groups:
            for parameters, gradients, states in self._together(group):
                parameter, gradient = Tensors(parameters), Tensors(gradients)
                state = {name: Tensors([one[name] for one in states]) for name in states[0]}
                if group.get("maximize"):
                    gradient = -gradient
                if group["weight_decay"]:
                    gradient = self.decay(parameter, gradient, state, group)
                self.update_(parameter, gradient, state, group)
        return loss

    def _together(self, group: Mapping[str, Any]) -> Iterable[_Moved]:
        """The parameters that have gradients, in lists that move at once: all of one type that have made as many steps.

        An operation needs memory of the size of what it works on, so a list has no more than so many numbers.
        """
        lists: dict[tuple[Any, ...], _Moved] = {}
        numbers = 0
        for parameter in group["params"]:
            gradient = parameter.grad
            if gradient is None:
                continue
            state = self.state[parameter]
            if not state:
                state.update(self.begin(parameter, group))
            counts = [(name, value.item()) for name, value in state.items() if not value.ndim]
            alike = (parameter.dtype, parameter.device, numbers // _AT_ONCE, *counts)
            parameters, gradients, states = lists.setdefault(alike, ([], [], []))
            parameters.append(parameter)
            gradients.append(gradient)
            states.append(state)
            numbers += parameter.numel()
        return lists.values()

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take in more parameters.

        Args:
            param_group: The parameters as "params", and settings of their own; the others are the defaults.
        """
        for name, value in param_group.items():
            is_ours = name == "params" or (name in self.defaults and name not in self.fixed)
            # What it says may be torch's default: groups are taken from torch's optimizers too.
            if not is_ours and name in self._torchs_settings() and (value or 0) != self.fixed.get(name, 0):
                raise self._no_setting(name)
        self.check(self.defaults | param_group)
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]["params"]:
            if refusal := self.refusal(parameter):
                self.param_groups.pop()
                raise refusal

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that this optimizer or torch's counterpart has saved."""
        for saved in state_dict["param_groups"]:
            group = self.defaults | saved
            self.check(group)
            needed = self.begin(torch.empty(0), group).keys()
            for number in saved["params"]:
                kept = state_dict["state"].get(number) or needed  # nothing before its first step
                if missing := sorted(needed - kept):
                    raise ValueError(
                        f"{type(self).__name__} cannot go on from this state: it has {', '.join(sorted(kept))} for a "
                        f"parameter, and {', '.join(missing)} is missing. It was saved by another optimizer, or by one "
                        "with other settings."
                    )
            if lacking := [name for name in self._always_saved() if name not in saved]:
                raise ValueError(
                    f"{type(self).__name__} cannot go on from this state: its groups have no {lacking[0]}. It was saved "
                    "by another optimizer, which keeps tensors of the same names."
                )
        super().load_state_dict(state_dict)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:  # torch's counterpart lacks what is ours alone
            for name, value in self.defaults.items():
                group.setdefault(name, value)

    def _refuse_gradients(self) -> None:
        """Before anything has moved, refuse what the equations are not for."""
        for parameter in (parameter for group in self.param_groups for parameter in group["params"]):
            gradient = parameter.grad
            if gradient is None:
                continue
            if gradient.is_sparse:
                raise TypeError(
                    f"{type(self).__name__} needs dense gradients, and that of a parameter of shape "
                    f"{tuple(parameter.shape)} is sparse. Use sparse=False in its nn.Embedding, or "
                    f"torch.optim.{self.for_sparse.__name__} for that parameter."
                )
            if refusal := self.refusal(gradient):  # the model was converted after this was made
                raise refusal

    @classmethod
    def _torchs_settings(cls) -> Mapping[str, inspect.Parameter]:
        return inspect.signature(cls.counterpart).parameters

    @classmethod
    def _always_saved(cls) -> list[str]:
        """The settings that groups have in every state of this optimizer and of torch's."""
        theirs = cls._torchs_settings().keys() - {"params", "maximize"}  # the latter is new in torch 1.11
        return [name for name in (*cls.fixed, *inspect.signature(cls).parameters) if name in theirs]

    @classmethod
    def _no_setting(cls, name: str) -> TypeError:
        has_it = name in cls._torchs_settings()
        return TypeError(
            f"{cls.__name__} has no setting {name!r}, only {', '.join(inspect.signature(cls).parameters)}: it is the "
            f"equation alone. torch.optim.{cls.counterpart.__name__} has "
            f"{'it' if has_it else 'more, but no such either'}."
        )


def step_count() -> Tensor:
    """A counter of steps, at 0. It is a tensor because torch's optimizers keep it as one."""
    return torch.tensor(0.0)


def root(square: Tensors, eps: float, inside: bool) -> Tensors:
    """√s + ε, or √(s + ε) if ε is to stand inside.

    Args:
        square: s, of any shape; it is left as it is.
        eps: ε.
        inside: Whether ε stands inside the root.
    """
    return square.add(eps).sqrt_() if inside else square.sqrt().add_(eps)
