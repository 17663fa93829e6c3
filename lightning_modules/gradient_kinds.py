"""Gradients of kinds that the equations are not for: sparse ones, and complex ones where there is an order to ask for."""

from collections.abc import Iterable

from torch import nn

from lightning_modules.module_names import parameters_by_name


def refuse_gradients(
    who: str, model: nn.Module, parameters: Iterable[nn.Parameter], *, complex_too: bool = False
) -> None:
    """Raise a TypeError that names the parameter and the way out, before anything has changed.

    Args:
        who: What cannot work with such a gradient, for the message.
        model: The module that knows the parameters' names.
        parameters: Those without a gradient are left alone.
        complex_too: Whether complex gradients are refused besides sparse ones.
    """
    for parameter in parameters:
        gradient = parameter.grad
        if gradient is None or not (gradient.is_sparse or (complex_too and gradient.is_complex())):
            continue
        names = {id(p): name for name, p in parameters_by_name(model)}
        name = names.get(id(parameter), "a parameter outside the module")
        if gradient.is_sparse:
            raise TypeError(
                f"{who} needs dense gradients, and that of {name} is sparse. Use sparse=False in its nn.Embedding, or "
                f"leave {who} out."
            )
        raise TypeError(
            f"{who} compares real numbers, and the gradient of {name} is complex. Make the parameter real with "
            f"torch.view_as_real, or leave {who} out."
        )
