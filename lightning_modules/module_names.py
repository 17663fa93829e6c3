"""Names of modules and tensors inside a model, with dots.

`torch.compile(module)` puts a module around another one, and its name, `_orig_mod`, into the names of all that is
inside. Whether a network is compiled is nothing that its weights know of: here names are those of the network as it was
written, and either form may be given.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

# What torch.compile calls the module that it has compiled.
_COMPILED = "_orig_mod"


def is_within(name: str, root: str) -> bool:
    """Whether `name` is `root`, or the name of something inside it; everything is inside the model itself, "".

    >>> [is_within(name, "layer1") for name in ("layer1", "layer1.0.weight", "layer10")]
    [True, True, False]

    Args:
        name: Of a module, parameter or buffer.
        root: Of a module.
    """
    return root == "" or name == root or name.startswith(f"{root}.")


def as_written(name: str) -> str:
    """A name without the parts that `torch.compile` has put into it.

    >>> as_written("_orig_mod.body._orig_mod.0.weight")
    'body.0.weight'

    Args:
        name: Of a module, parameter or buffer.
    """
    if _COMPILED not in name:
        return name
    return ".".join(part for part in name.split(".") if part != _COMPILED)


def is_compiled(module: nn.Module) -> bool:
    """Whether this is what `torch.compile` has put around a `module`."""
    return _COMPILED in module._modules


def without_compiler(model: nn.Module) -> nn.Module:
    """The module that was compiled, if `model` is what `torch.compile` made of one; else `model` itself."""
    while is_compiled(model):
        model = model.get_submodule(_COMPILED)
    return model


@contextmanager
def uncompiled() -> Iterator[None]:
    """Within the block, what was compiled is called as it was written, so that hooks and modes are heeded.

    A graph that was compiled before knows of no hook that came later.
    """
    if "torch._dynamo" not in sys.modules:  # nothing has been compiled, and to import it takes seconds
        yield
        return
    with torch.compiler.set_stance("force_eager"):
        yield


def modules_by_name(model: nn.Module, remove_duplicate: bool = True) -> Iterator[tuple[str, nn.Module]]:
    """`model.named_modules()`, as if nothing in it were compiled.

    Args:
        model: Any module.
        remove_duplicate: Whether a module that stands in several places is named once.
    """
    for name, module in model.named_modules(remove_duplicate=remove_duplicate):
        if not is_compiled(module):
            yield as_written(name), module


def parameters_by_name(model: nn.Module, remove_duplicate: bool = True) -> Iterator[tuple[str, nn.Parameter]]:
    """`model.named_parameters()`, as if nothing in it were compiled.

    Args:
        model: Any module.
        remove_duplicate: Whether a parameter that stands in several places is named once.
    """
    for name, parameter in model.named_parameters(remove_duplicate=remove_duplicate):
        yield as_written(name), parameter


def refuse_string(argument: str, names: object) -> None:
    """Refuse one name where a list of names belongs: its letters would be taken for names.

    Args:
        argument: What it is called where it was given, for the message.
        names: What was given.

    Raises:
        TypeError: If it is a string.
    """
    if isinstance(names, str):
        raise TypeError(f"{argument} must be a list of names, got the string {names!r}. Use [{names!r}].")
