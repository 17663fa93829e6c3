"""One pass with one item, watched: is there dropout that cannot be switched on, and how much memory does an item take?"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lightning_modules.module_names import modules_by_name, uncompiled, without_compiler
from lightning_modules.unseen_layers import unseen_layers

# Functions that drop, and where torch's signatures have the rate: its name, its position, its default.
_RATE_OF = {
    "alpha_dropout": ("p", 1, 0.5),
    "dropout": ("p", 1, 0.5),
    "dropout1d": ("p", 1, 0.5),
    "dropout2d": ("p", 1, 0.5),
    "dropout3d": ("p", 1, 0.5),
    "feature_alpha_dropout": ("p", 1, 0.5),
    "feature_dropout": ("p", 1, 0.5),
    "scaled_dot_product_attention": ("dropout_p", 4, 0.0),
}


@dataclass(frozen=True)
class Probe:
    """What one pass with one item has shown.

    Attributes:
        output: What the model returned.
        bytes_per_item: The most memory that tensors took at one time, the item itself included. What a kernel
            allocates for itself is not seen.
    """

    output: Any
    bytes_per_item: int


def probe(model: nn.Module, item: Tensor) -> Probe:
    """Call the model once, and look.

    The dropout modules must have been switched on, and the rest of the model off.

    Args:
        model: Any module.
        item: A batch of one.

    Raises:
        ValueError: If the model calls dropout as a function, has it inside another module, has none with a rate above
            0, or calls none.
    """
    kind = type(without_compiler(model)).__name__
    modules = dict(modules_by_name(model))
    _refuse_built_in(modules)
    for where, layer in unseen_layers(model):
        if layer.drops:
            raise ValueError(
                f"{where} has {layer.name} ({layer.kind}) inside, which cannot be switched on alone. Set its rate to 0 "
                "and put an nn.Dropout in its place, between two modules."
            )
    dropouts = [module for module in modules.values() if isinstance(module, _DropoutNd) and module.p > 0]
    watch, memory = _Functions(dropouts), _Memory(model, item)
    with uncompiled(), watch, memory:
        output = model(item)
    if watch.found is not None:
        raise ValueError(
            f"{_caller(model, modules, item)} calls {watch.found} as a function. In evaluation mode that is off, and "
            "only modules can be switched on without switching on batch normalization. Make it an nn.Dropout that "
            "forward calls."
        )
    if not dropouts:
        raise ValueError(
            f"{kind} has no dropout module with a rate above 0, so all passes would be the same. "
            "MC dropout needs a network that was trained with dropout."
        )
    if not watch.called:
        raise ValueError(f"{kind} calls none of its dropout modules, so all passes would be the same.")
    return Probe(output, memory.peak + item.nbytes)


def _refuse_built_in(modules: Mapping[str, nn.Module]) -> None:
    for name, module in modules.items():
        rate = module.dropout if isinstance(module, nn.MultiheadAttention) else 0.0
        if isinstance(module, nn.RNNBase) and module.num_layers > 1:
            rate = module.dropout
        if rate > 0:
            raise ValueError(
                f"{_place(name, module)} has dropout={rate} inside, where it cannot be switched on alone. "
                "Set it to 0 and put an nn.Dropout before or after."
            )


def _caller(model: nn.Module, modules: Mapping[str, nn.Module], item: Tensor) -> str:
    """The innermost module that calls dropout as a function: another pass, with an eye on every module."""
    inside: list[nn.Module] = []
    callers: list[nn.Module] = []

    def enter(module: nn.Module, args: Any) -> None:
        inside.append(module)

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        inside.pop()

    watch = _Functions([module for module in modules.values() if isinstance(module, _DropoutNd)])
    watch.when_found = lambda: callers.append(inside[-1])
    handles = []
    for module in modules.values():
        handles.append(module.register_forward_pre_hook(enter))
        handles.append(module.register_forward_hook(leave))
    try:
        with uncompiled(), watch:
            model(item)
    finally:
        for handle in handles:
            handle.remove()
    names = {module: name for name, module in modules.items()}
    return _place(names[callers[0]], callers[0])


def _place(name: str, module: nn.Module) -> str:
    return f"{name} ({type(module).__name__})" if name else type(module).__name__


class _Functions(TorchFunctionMode):
    """Notes dropout that is called as a function, and whether one of these modules was called."""

    def __init__(self, dropouts: Sequence[nn.Module]) -> None:
        super().__init__()
        self.dropouts = dropouts
        self.found: str | None = None
        self.called = False
        self.when_found: Callable[[], None] | None = None
        self._is_inside = False

    def __enter__(self) -> "_Functions":
        self._handles = []
        for module in self.dropouts:
            self._handles.append(module.register_forward_pre_hook(self._enter))
            self._handles.append(module.register_forward_hook(self._leave))
        super().__enter__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        for handle in self._handles:
            handle.remove()

    def _enter(self, module: nn.Module, args: Any) -> None:
        self._is_inside = self.called = True

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        self._is_inside = False

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").removesuffix("_")
        if name in _RATE_OF and not self._is_inside and self.found is None and _rate(name, args, kwargs) > 0:
            self.found = name
            if self.when_found is not None:
                self.when_found()
        return func(*args, **kwargs)


def _rate(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> float:
    key, position, default = _RATE_OF[name]
    return float(args[position] if len(args) > position else kwargs.get(key, default))


class _Memory(TorchDispatchMode):
    """Adds up the tensors that are alive, other than those that there were before."""

    def __init__(self, model: nn.Module, item: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.peak = 0
        self._alive = 0
        self._counted: set[int] = set()
        there = [*model.parameters(), *model.buffers(), item]
        # They live on, so their addresses are not given to others.
        self._there = {tensor.untyped_storage().data_ptr() for tensor in there}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else each operation would switch the compiler off and on, which takes longer than the rest

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(output):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self._alive)
        return output

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._counted or storage.data_ptr() in self._there:
            return
        self._counted.add(key)
        self._alive += storage.nbytes()
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._counted.discard(key)
        self._alive -= size
