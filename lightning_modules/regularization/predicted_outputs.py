"""What a network's outputs are, and whether they are what they are said to be."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor

Outputs = Literal["logits", "probabilities", "values"]
"""Logits or probabilities over dimension 1, or values, as in regression."""


def check_kind(outputs: str) -> None:
    """Refuse an unknown kind of outputs.

    Args:
        outputs: What was given.

    Raises:
        ValueError: If it is none of `Outputs`.
    """
    if outputs not in get_args(Outputs):
        raise ValueError(f'outputs must be "logits", "probabilities" or "values", got {outputs!r}.')


def check_output(output: Any, count: int, outputs: Outputs) -> None:
    """Look at what a model returned for some items.

    Args:
        output: What it returned.
        count: For how many items.
        outputs: What it should be.

    Raises:
        TypeError: If it is no tensor.
        ValueError: If it is not one output for each item, or has no classes where it should have.
    """
    if not isinstance(output, Tensor):
        raise TypeError(f"The model must return a tensor, got {type(output).__name__}.")
    if output.ndim < 1 or len(output) != count:
        raise ValueError(
            f"The model must return one output for each input, got {shape_of(output)} for {count} "
            f"input{'s' * (count != 1)}. Dimension 0 of inputs and outputs must be the items."
        )
    if outputs == "values":
        return
    if output.ndim < 2 or output.shape[1] < 2:
        raise ValueError(
            f"Class probabilities stand in dimension 1, one for each of at least two classes, got {shape_of(output)}. "
            'For a single number per item, use outputs="values".'
        )


def check_sums(output: Tensor, outputs: Outputs) -> None:
    """Look whether what a model returned for several items are probabilities.

    Args:
        output: Of shape (n, classes, ...).
        outputs: What it should be: "logits" or "probabilities".

    Raises:
        ValueError: If it is the other one of the two.
    """
    if are_probabilities(output) != (outputs == "probabilities"):
        is_one = outputs == "logits"
        hint = "are probabilities already" if is_one else "do not sum to 1 over the classes"
        right = "probabilities" if is_one else "logits"
        raise ValueError(f'outputs={outputs!r}, but the model\'s {hint}. Use outputs="{right}".')


def are_probabilities(output: Tensor) -> bool:
    """Whether the numbers over dimension 1 are none below 0, and sum to 1 but for a hundredth.

    >>> are_probabilities(torch.tensor([[0.25, 0.75]])), are_probabilities(torch.tensor([[-1.0, 2.0]]))
    (True, False)

    Args:
        output: Of shape (n, classes, ...).
    """
    sums = output.sum(dim=1)
    return bool((output >= 0).all()) and torch.allclose(sums, torch.ones_like(sums), atol=1e-2)


def in_float(output: Tensor) -> Tensor:
    """Half precision, as under bf16-mixed, as float32: the spread of such numbers would be that of their rounding.

    Args:
        output: Of any shape.
    """
    return output.float() if output.dtype in (torch.float16, torch.bfloat16) else output


def shape_of(output: Any) -> str:
    """The shape of a tensor, or what it is instead, in words.

    Args:
        output: Anything.
    """
    return f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
