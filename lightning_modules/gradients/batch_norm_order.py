"""Which module comes right before each batch normalization: read from nn.Sequential, or watched in a forward pass."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode

from lightning_modules.gradients.nested import tensors_in

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
class Predecessor:
    """The module whose output a batch normalization gets; or why there is none; or neither, if it is not known."""

    module: nn.Module | None = None
    obstacle: str | None = None


def written_before(model: nn.Module) -> dict[nn.Module, Predecessor]:
    """What stands before each batch normalization in an `nn.Sequential`; what stands elsewhere is left out.

    What does nothing in evaluation, `nn.Identity` and dropout, is passed over. A subclass with a `forward` of its
    own may do anything, unless it is one of this library.
    """
    before: dict[nn.Module, Predecessor] = {}
    inside = {child for module in model.modules() if _is_chain(module) for child in module.children()}
    for module in model.modules():
        if not _is_chain(module) or module in inside:
            continue
        last: nn.Module | None = None
        for step in _steps(module):
            if isinstance(step, _BatchNorm) and last is not None:
                before[step] = Predecessor(last)
            if not isinstance(step, (nn.Identity, _DropoutNd)):
                last = step
    return before


def called_before(model: nn.Module, example: Any) -> dict[nn.Module, Predecessor]:
    """Whose output reaches each batch normalization, and nothing else, when the model is called with `example`.

    The model is called without gradients, in the mode that it is in.
    """
    watch = _Watch()
    handles = []
    for module in model.modules():
        # A parametrized layer has modules inside.
        if isinstance(module, (_BatchNorm, nn.Linear, _ConvNd)) or not any(True for _ in module.children()):
            handles.append(module.register_forward_pre_hook(watch.before, prepend=True, with_kwargs=True))
            handles.append(module.register_forward_hook(watch.after))
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), watch:
            output = model(*example) if isinstance(example, tuple) else model(example)
    finally:
        for handle in handles:
            handle.remove()
    watch.use(output, "the model's output")
    return {module: watch.predecessor(module) for module in model.modules() if isinstance(module, _BatchNorm)}


class _Watch(TorchFunctionMode):
    """Keeps every leaf module's output, and who uses it."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = 0
        self._calls: dict[nn.Module, int] = {}
        self._received: dict[nn.Module, Tensor] = {}
        # By id; the tensor is kept beside, for its id must not be given to another one.
        self._made: dict[int, tuple[Tensor, nn.Module, int]] = {}
        self._uses: dict[int, list[str]] = {}

    def before(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        self._inside += 1
        self._calls[module] = self._calls.get(module, 0) + 1
        if isinstance(module, _BatchNorm):
            self._received[module] = next(tensors_in((args, kwargs)))
        if not isinstance(module, (nn.Identity, _DropoutNd)):
            self.use((args, kwargs), type(module).__name__)

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        self._inside -= 1
        if isinstance(output, Tensor) and not isinstance(module, (nn.Identity, _DropoutNd)):
            self._made[id(output)] = (output, module, output._version)
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

    def use(self, value: Any, by: str) -> None:
        """Note that the tensors in `value` are used."""
        for tensor in tensors_in(value):
            if id(tensor) in self._uses:
                self._uses[id(tensor)].append(by)

    def predecessor(self, norm: nn.Module) -> Predecessor:
        calls = self._calls.get(norm, 0)
        if calls != 1:
            return Predecessor(obstacle=f"is called {calls} times with this example, not once")
        received = self._received[norm]
        if id(received) not in self._made:
            return Predecessor()
        output, module, version = self._made[id(received)]
        if self._calls[module] != 1:
            return Predecessor(
                obstacle=f"comes after a layer that is called {self._calls[module]} times, not once"
            )
        others = [use for use in self._uses[id(received)] if use != type(norm).__name__]
        if len(self._uses[id(received)]) > 1 or output._version != version:
            by = ", ".join(others) or "another batch normalization"
            return Predecessor(obstacle=f"the output of the layer before it is also used by {by}")
        if isinstance(module, nn.Linear) and received.ndim != 2:
            return Predecessor(
                obstacle=f"comes after a dense layer with output of shape {tuple(received.shape)}, whose units are "
                "last, where the normalization wants them second"
            )
        return Predecessor(module)


def _is_chain(module: nn.Module) -> bool:
    ours = type(module).__module__.partition(".")[0] == __name__.partition(".")[0]
    return isinstance(module, nn.Sequential) and (type(module).forward is nn.Sequential.forward or ours)


def _steps(module: nn.Module) -> Iterator[nn.Module]:
    """What a chain calls, one after the other; chains in it are opened."""
    if not _is_chain(module):
        yield module
        return
    for child in module._modules.values():  # children() leaves out what stands at a second place
        assert child is not None
        yield from _steps(child)
