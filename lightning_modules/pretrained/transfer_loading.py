"""Loading what a report says: all of it, or nothing."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lightning_modules.layer_weights import cannot_be_set
from lightning_modules.module_names import is_within, modules_by_name
from lightning_modules.pretrained.transfer_report import ReuseReport, WeightsDoNotFit


def is_extra(name: str) -> bool:
    """Whether this is where a module's `get_extra_state` stands in a state.

    >>> is_extra("0._extra_state"), is_extra("0.weight")
    (True, False)

    Args:
        name: In a state.
    """
    return name.rpartition(".")[2] == "_extra_state"


def shape_of(name: str, value: Any) -> tuple[int, ...]:
    """The shape of a tensor; none for what a module saves besides its tensors.

    Args:
        name: In a state.
        value: What stands there.
    """
    return () if is_extra(name) else tuple(value.shape)


@torch.no_grad()
def load(
    model: nn.Module,
    report: ReuseReport,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any],
    new: Sequence[str] = (),
) -> None:
    """Copy what the report calls loaded.

    Args:
        model: Changed in place.
        report: What goes where.
        ours: The model's tensors, by name.
        theirs: The source's.
        new: The model's submodules that are to begin anew.

    Raises:
        WeightsDoNotFit: If something cannot be loaded; the model is as it was.
    """
    pairs = {
        row.name: row.source_name for row in report if row.status == "loaded" and row.name and row.source_name
    }
    tensors = {name: (ours[name], theirs[source]) for name, source in pairs.items() if not is_extra(name)}
    problems = [
        f"{name} {problem}" for name, pair in tensors.items() if (problem := _problem(*pair)) is not None
    ]
    problems += _torn(ours, tensors, new)
    if problems:
        raise WeightsDoNotFit("Nothing was loaded:\n  " + "\n  ".join(problems))
    modules = dict(modules_by_name(model))
    extras = {
        modules[name.rpartition(".")[0]]: copy.deepcopy(theirs[source])
        for name, source in pairs.items()
        if is_extra(name)
    }
    before = [(tensor, tensor.clone()) for tensor, _ in tensors.values()] if extras else []
    states = {module: copy.deepcopy(module.get_extra_state()) for module in extras}
    for tensor, found in tensors.values():
        tensor.copy_(_readable(tensor, found))
    try:
        for module, state in extras.items():
            module.set_extra_state(state)
    except Exception as error:
        for tensor, content in before:
            tensor.copy_(content)
        for module, state in states.items():
            module.set_extra_state(state)
        raise WeightsDoNotFit(
            f"Nothing was loaded: {type(module).__name__}.set_extra_state refuses what the source has saved: {error}"
        ) from error


def _problem(tensor: Tensor, found: Tensor) -> str | None:
    """Why one tensor cannot be copied into another of its shape."""
    if found.is_meta:
        return "of the source is on the meta device and holds no numbers. Load the source's weights first."
    obstacle = cannot_be_set(tensor)
    if (
        obstacle is None
        and found.layout == torch.strided
        and not found.is_quantized
        and not tensor.is_quantized
    ):
        return None
    if obstacle is not None and tensor.layout == torch.strided:
        return f"of the model {obstacle}."
    try:  # as a rehearsal, for which layouts go into which is torch's to say
        tensor.detach().clone().copy_(_readable(tensor, found))
    except RuntimeError as error:
        return (
            f"of the model is {_kind(tensor)}, and {_kind(found)} in the source: {str(error).splitlines()[0]}"
        )
    return None


def _readable(tensor: Tensor, found: Tensor) -> Tensor:
    """What is sparse in the source and dense in the model, made dense."""
    is_sparse = found.layout != torch.strided and tensor.layout == torch.strided
    return found.to_dense() if is_sparse else found


def _kind(tensor: Tensor) -> str:
    layout = str(tensor.layout).removeprefix("torch.")
    return "quantized" if tensor.is_quantized else "dense" if tensor.layout == torch.strided else layout


def _torn(
    ours: Mapping[str, Any], tensors: Mapping[str, tuple[Tensor, Tensor]], new: Sequence[str]
) -> list[str]:
    """Names that are one tensor in the model and would have to hold different numbers."""
    first: dict[Any, str] = {}
    problems = []
    for name, (tensor, found) in tensors.items():
        other = first.setdefault(_place(tensor), name)
        if other != name and not _equal(tensors[other][1], found):
            problems.append(
                f"{name} of the model is the same tensor as {other}, and they differ in the source. Untie them, or leave "
                "one out with layers=."
            )
    for name, value in ours.items():
        if is_extra(name) or not any(is_within(name, root) for root in new):
            continue
        other = first.get(_place(value), name)
        if other != name:
            problems.append(
                f"{name} of the model is to begin anew, and is the same tensor as {other}, which is loaded. Untie them, "
                "or name both in new=."
            )
    return problems


def _place(tensor: Tensor) -> Any:
    if tensor.layout != torch.strided or tensor.numel() == 0 or tensor.is_meta:
        return id(tensor)
    return tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.device


def _equal(one: Tensor, other: Tensor) -> bool:
    return one is other or (
        one.layout == other.layout == torch.strided and bool(torch.equal(one.to("cpu"), other.to("cpu")))
    )
