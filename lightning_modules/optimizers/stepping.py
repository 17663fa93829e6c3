"""Which optimizers really step, and with which groups: for whoever acts on a step from outside.

An optimizer may be a wrapper: Lookahead, SAM and their kin hold another one, let it step, and add something of their
own. Some have the groups of the one that they hold as a property, which cannot be replaced; some share its list. Whoever
wants to change the groups for the time of a step has to do so where the step is made.

And while a step is made the groups may be others than before and after, since `GradualUnfreezing` divides them.
`stepped_groups` says what they were in the step just taken, whichever callback comes first.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from torch.optim import Optimizer

Group = dict[str, Any]

_DIVIDED: "WeakKeyDictionary[Optimizer, list[Group]]" = WeakKeyDictionary()


def stepping(optimizer: Optimizer) -> list[Optimizer]:
    """The optimizers that make this one's steps: itself, unless it wraps others that hold all its parameters.

    >>> import torch
    >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    >>> stepping(sgd) == [sgd]
    True

    Args:
        optimizer: Any.
    """
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    inner = [one for one in _within(optimizer) if one is not optimizer and _parameters(one) <= held]
    if held and held == set().union(*map(_parameters, inner)):
        return [last for one in inner for last in stepping(one)]
    return [optimizer]


def stepped_groups(optimizer: Optimizer) -> list[Group]:
    """The parameter groups as they were in the step that this `optimizer` has just made, with their real rates."""
    groups = [_DIVIDED.get(one) for one in stepping(optimizer)]
    if all(group is None for group in groups):
        return optimizer.param_groups
    return [
        group
        for one, divided in zip(stepping(optimizer), groups, strict=True)
        for group in (one.param_groups if divided is None else divided)
    ]


def note_division(optimizer: Optimizer, groups: list[Group] | None) -> None:
    """Note the `groups` that an `optimizer` steps with in place of its own; None ends that."""
    if groups is None:
        _DIVIDED.pop(optimizer, None)
    else:
        _DIVIDED[optimizer] = groups


def calls_hooks(optimizer: Optimizer) -> bool:
    """Whether torch calls hooks at this `optimizer`'s steps; not where a wrapper leaves torch's own `__init__` out."""
    is_made = isinstance(getattr(optimizer, "_optimizer_step_pre_hooks", None), OrderedDict)
    return is_made and bool(getattr(type(optimizer).step, "hooked", False))


def hooked(optimizer: Optimizer) -> list[Optimizer]:
    """Where hooks are called after this `optimizer`'s steps: at itself, or at those that make them."""
    return [optimizer] if calls_hooks(optimizer) else stepping(optimizer)


def _parameters(optimizer: Optimizer) -> set[int]:
    return {id(p) for group in optimizer.param_groups for p in group["params"]}


def _within(optimizer: Optimizer) -> Iterator[Optimizer]:
    for value in vars(optimizer).values():
        values = (
            value.values()
            if isinstance(value, dict)
            else value
            if isinstance(value, list | tuple)
            else [value]
        )
        yield from (one for one in values if isinstance(one, Optimizer))
