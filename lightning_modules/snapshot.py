"""Put modules and data back exactly as they were, whatever has been done to them in between."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

Undo = Callable[[], Any]

_MAPPINGS = (dict, OrderedDict, defaultdict)
_SEQUENCES = (list, deque, set)


def snapshot(modules: Iterable[nn.Module]) -> Undo:
    """Remember everything that the modules hold, and return a function that puts it back.

    Parameters and buffers (those that are not saved in checkpoints, too) keep their identity and get their numbers
    back, their gradients and whether they need one; so do modes, hooks, metrics' states, and counters and lists
    among a module's attributes. Objects of other kinds are put back, not what has been done to them.

    >>> norm = nn.BatchNorm1d(2)
    >>> undo = snapshot([norm])
    >>> _ = norm(torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    >>> norm.running_mean, norm.weight.grad is None
    (tensor([0.2000, 0.3000]), False)
    >>> undo()
    >>> norm.running_mean, norm.weight.grad is None
    (tensor([0., 0.]), True)

    Args:
        modules: All of them: `model.modules()`.

    Raises:
        ValueError: If a parameter has no numbers yet, because its layer is lazy.
    """
    seen: dict[int, Undo] = {}
    undoes = [_remember(vars(module), seen) for module in modules]

    def undo() -> None:
        with torch.no_grad():
            for put_back in undoes:
                put_back()

    return undo


def remember_data(data: Any) -> Undo:
    """Return a function that takes a loader's place and its random numbers back; a data module makes new loaders.

    Args:
        data: What `Trainer.fit` takes.
    """
    if isinstance(data, pl.LightningDataModule):
        before = data.trainer
        return lambda: setattr(data, "trainer", before)
    loaders = (
        list(data.values()) if isinstance(data, dict) else data if isinstance(data, list | tuple) else [data]
    )
    parts = [
        part
        for loader in loaders
        for part in (
            loader,
            *(getattr(loader, name, None) for name in ("sampler", "batch_sampler", "generator")),
        )
    ]
    states = [(part, part.get_state()) for part in parts if isinstance(part, torch.Generator)]
    attributes = [(vars(part), dict(vars(part))) for part in parts if hasattr(part, "__dict__")]

    def undo() -> None:
        for generator, state in states:
            generator.set_state(state)
        for now, before in attributes:
            now.clear()
            now.update(before)

    return undo


def _remember(value: Any, seen: dict[int, Undo]) -> Undo:
    """Return a function that restores the content of `value` and returns `value`."""
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = lambda: value  # for what contains itself
    if isinstance(value, Tensor):
        seen[id(value)] = _remember_tensor(value, seen)
    elif type(value) in _MAPPINGS:
        items = {key: _remember(item, seen) for key, item in value.items()}
        seen[id(value)] = lambda: _refill(value, {key: item() for key, item in items.items()})
    elif type(value) in _SEQUENCES:
        parts = [_remember(part, seen) for part in value]
        seen[id(value)] = lambda: _refill(value, [part() for part in parts])
    elif isinstance(value, torch.Generator):
        state = value.get_state()
        seen[id(value)] = lambda: value.set_state(state)
    return seen[id(value)]


def _remember_tensor(value: Tensor, seen: dict[int, Undo]) -> Undo:
    if is_lazy(value):
        raise ValueError("A lazy layer has no weights that could be restored. Call the model once first.")
    content = value.detach().clone()
    is_leaf, requires_grad = value.is_leaf, value.requires_grad
    gradient = _remember(value.grad, seen) if is_leaf else None

    def put_back() -> Tensor:
        value.copy_(content)
        if gradient is not None:
            value.requires_grad_(requires_grad)
            value.grad = gradient()
        return value

    return put_back


def _refill(container: Any, content: Any) -> Any:
    container.clear()
    (container.extend if isinstance(container, list | deque) else container.update)(content)
    return container
