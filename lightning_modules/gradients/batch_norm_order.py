"""Which modules come right before and after each batch normalization: read from nn.Sequential, or watched in a pass."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode

from lightning_modules.gradients.nested import tensors_in, with_own_tensors
from lightning_modules.module_names import modules_by_name, uncompiled, without_compiler

# What may be asked of a tensor without using its numbers.
_ASKED = {
    "size",
    "dim",
    "numel",
    "is_floating_point",
    "shape",
    "ndim",
    "device",
    "dtype",
    "is_cuda",
    "requires_grad",
}


@dataclass(frozen=True)
class Neighbor:
    """The module before or after a batch normalization; or why there is none; or neither, if it is not known."""

    module: nn.Module | None = None
    obstacle: str | None = None


@dataclass(frozen=True)
class Place:
    """Where a batch normalization stands.

    Attributes:
        before: The module whose output it gets.
        after: The module that gets its output, and alone does.
    """

    before: Neighbor = field(default_factory=Neighbor)
    after: Neighbor = field(default_factory=Neighbor)


def as_it_is_written(model: nn.Module) -> dict[nn.Module, Place]:
    """What stands around each batch normalization in an `nn.Sequential`; what stands elsewhere is left out.

    What does nothing in evaluation, `nn.Identity` and dropout, is passed over. A subclass with a `forward` of its
    own may do anything, unless it is one of this library.
    """
    places: dict[nn.Module, Place] = {}
    inside = {
        without_compiler(c) for module in model.modules() if _is_chain(module) for c in module.children()
    }
    for _, module in modules_by_name(model):
        if not _is_chain(module) or module in inside:
            continue
        steps = [step for step in _steps(module) if not isinstance(step, (nn.Identity, _DropoutNd))]
        for before, step, after in zip([None, *steps], steps, [*steps[1:], None], strict=False):
            if isinstance(step, _BatchNorm):
                places[step] = Place(Neighbor(before), Neighbor(after))
    return places


def as_it_is_called(model: nn.Module, example: Any) -> dict[nn.Module, Place]:
    """Whose output reaches each batch normalization, and whom alone its output reaches, when `example` goes through.

    The model is called without gradients, in the mode that it is in, on a copy of the example.
    """
    watch = _Watch()
    handles = []
    modules = [module for _, module in modules_by_name(model)]
    for module in modules:
        # A parametrized layer has modules inside.
        if isinstance(module, (_BatchNorm, nn.Linear, _ConvNd)) or not any(True for _ in module.children()):
            handles.append(module.register_forward_pre_hook(watch.before, prepend=True, with_kwargs=True))
            handles.append(module.register_forward_hook(watch.after))
    arguments = with_own_tensors(example if isinstance(example, tuple) else (example,))
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), uncompiled(), watch:
            output = model(*arguments)
    finally:
        for handle in handles:
            handle.remove()
    watch.use(output, "the model's output")
    return {
        module: Place(watch.predecessor(module), watch.successor(module))
        for module in modules
        if isinstance(module, _BatchNorm)
    }


class _Watch(TorchFunctionMode):
    """Keeps every leaf module's output, and who uses it."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = 0
        self._calls: dict[nn.Module, int] = {}
        self._received: dict[nn.Module, Tensor] = {}
        # By id; the tensor is kept beside, for its id must not be given to another one.
        self._made: dict[int, tuple[Tensor, nn.Module, int]] = {}
        self._gave: dict[nn.Module, Tensor] = {}
        self._uses: dict[int, list[nn.Module | str]] = {}

    def before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self._inside += 1
        if self._inside > 1:
            return  # a part of another layer
        self._calls[module] = self._calls.get(module, 0) + 1
        received = next(tensors_in((args, kwargs)), None)
        if received is not None:
            self._received[module] = received
        if not isinstance(module, (nn.Identity, _DropoutNd)):
            self.use((args, kwargs), module)

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        self._inside -= 1
        if (
            self._inside == 0
            and isinstance(output, Tensor)
            and not isinstance(module, (nn.Identity, _DropoutNd))
        ):
            self._made[id(output)] = (output, module, output._version)
            self._gave[module] = output
            self._uses[id(output)] = []

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name == "__get__":  # of a property, such as Tensor.shape
            name = func.__self__.__name__
        if self._inside == 0 and name not in _ASKED:
            self.use((args, kwargs), name)
        return func(*args, **kwargs)

    def use(self, value: Any, by: nn.Module | str) -> None:
        """Note that the tensors in `value` are used."""
        for tensor in tensors_in(value):
            if id(tensor) in self._uses:
                self._uses[id(tensor)].append(by)

    def predecessor(self, norm: nn.Module) -> Neighbor:
        calls = self._calls.get(norm, 0)
        if calls != 1:
            return Neighbor(obstacle=f"is called {calls} times with this example, not once")
        received = self._received.get(norm)
        if received is None or id(received) not in self._made:
            return Neighbor()
        output, module, version = self._made[id(received)]
        if self._calls[module] != 1:
            return Neighbor(
                obstacle=f"comes after a layer that is called {self._calls[module]} times, not once"
            )
        uses = self._uses[id(received)]
        others = [_name(use) for use in uses if use is not norm]
        if len(uses) > 1 or output._version != version:
            by = ", ".join(others) or "another batch normalization"
            return Neighbor(obstacle=f"the output of the layer before it is also used by {by}")
        if isinstance(module, nn.Linear) and received.ndim != 2:
            return Neighbor(
                obstacle=f"comes after a dense layer with output of shape {tuple(received.shape)}, whose units are "
                "last, where the normalization wants them second"
            )
        return Neighbor(module)

    def successor(self, norm: nn.Module) -> Neighbor:
        if self._calls.get(norm, 0) != 1 or norm not in self._gave:
            return Neighbor()
        output = self._gave[norm]
        _, maker, version = self._made[id(output)]
        uses = self._uses[id(output)]
        if maker is not norm or len(uses) != 1 or output._version != version:
            return Neighbor()
        user = uses[0]
        if isinstance(user, str):
            return Neighbor()
        if self._calls[user] != 1:
            return Neighbor(obstacle=f"the layer after it is called {self._calls[user]} times, not once")
        if isinstance(user, nn.Linear) and output.ndim != 2:
            return Neighbor(
                obstacle=f"its output of shape {tuple(output.shape)} goes to a dense layer, whose inputs are last, where "
                "the normalization has its features second"
            )
        return Neighbor(user)


def _name(use: nn.Module | str) -> str:
    return use if isinstance(use, str) else type(use).__name__


def _is_chain(module: nn.Module) -> bool:
    ours = type(module).__module__.partition(".")[0] == __name__.partition(".")[0]
    return isinstance(module, nn.Sequential) and (type(module).forward is nn.Sequential.forward or ours)


def _steps(module: nn.Module) -> Iterator[nn.Module]:
    """What a chain calls, one after the other; chains in it are opened."""
    module = without_compiler(module)
    if not _is_chain(module):
        yield module
        return
    for child in module._modules.values():  # children() leaves out what stands at a second place
        assert child is not None
        yield from _steps(child)
