"""Transfer learning: begin with the layers of a network that has learned a similar task, and a new head.

The lower layers of a network that was trained on much data find edges, textures and parts, which serve other tasks as
well; its last layer decides between classes that the new task does not have. So a new network takes over the weights
of the lower layers and begins its last ones, the head, anew. With few labels that is the difference between
having to learn to see and having to learn to name.

A checkpoint that does not fit may load almost nothing without a word (`load_state_dict(strict=False)`). Here
everything that was asked for is loaded, or nothing is and the error says what does not fit, name by name.

Yosinski, Clune, Bengio, Lipson, "How transferable are features in deep neural networks?", NIPS 2014.
https://arxiv.org/abs/1411.1792
"""

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from lightning_modules.module_names import as_written, is_within, modules_by_name
from lightning_modules.pretrained.transfer_loading import is_extra, load, shape_of
from lightning_modules.pretrained.transfer_report import (
    ReusedTensor,
    ReuseReport,
    Status,
    WeightsDoNotFit,
    describe,
)

Source = nn.Module | Mapping[str, Any] | str | PathLike[str]


def reuse(
    model: nn.Module,
    source: Source,
    *,
    layers: Sequence[str] | Mapping[str, str] | None = None,
    new: Sequence[str] = (),
    strict: bool = True,
) -> ReuseReport:
    """Copy the weights and buffers of a trained network into those layers of `model` that take them over.

    What is reused is copied: the source stays as it is, and may be deleted. What modules save besides tensors
    (`get_extra_state`) is taken over with them. Names are those of the network as it was written, whether the model or
    the source is compiled or not.

    ```python
    >>> from lightning_modules import MLP
    >>> eight_classes, two_classes = MLP([64, 30, 8]), MLP([64, 30, 2])
    >>> print(reuse(two_classes, eight_classes, new=["3"]))
    tensor of the model  shape    tensor of the source  shape
    1.weight             30 × 64  1.weight              30 × 64  loaded
    1.bias               30       1.bias                30       loaded
    3.weight             2 × 30                                  new
    3.bias               2                                       new
                                  3.weight              8 × 30   left out
                                  3.bias                8        left out
    loaded 2 of 4 tensors, 1,950 of 2,012 numbers

    ```

    Args:
        model: The network that takes over, changed in place: a LightningModule or any module.
        source: A LightningModule or any module; the path of a checkpoint of Lightning's, or of a saved
            `state_dict()`; or what `torch.load` gives of them.
        layers: Which of the model's submodules take over what the source has by the same name, such as
            `["network.1", "network.3"]`; or, where names differ, a mapping from the source's to the model's:
            `{"body": "network.0"}`. The name "" is the whole. None is everything.
        new: The model's submodules among them that begin anew, such as the head. They keep their own weights.
        strict: Whether a tensor that is to be loaded and that is missing, has no place or has another shape is
            an error. If False it is left out, and the report says so.

    Returns:
        What was loaded and what was not, by name and shape; print it.

    Raises:
        WeightsDoNotFit: If something does not fit and `strict` is True, or if nothing would be loaded at all; if a
            tensor of the model cannot be set or one of the source holds no numbers (meta, expanded, another layout); if
            two names of the model are one tensor and are to hold different numbers; if a module refuses what
            another has saved. The model is as it was.
        ValueError: If a name is not that of a submodule or a tensor, if two layers would take the same place, if
            a layer is lazy and has no shape yet, or if a file holds no weights, or more than weights.
        TypeError: If `layers` or `new` is a string.
    """
    for name, value in (("layers", layers), ("new", new)):
        if isinstance(value, str):
            raise TypeError(f"{name} must hold names, got the string {value!r}. Use [{value!r}].")
    theirs = _contents(_inside(source) if isinstance(source, Mapping) else _state(source))
    ours = _contents(model.state_dict(keep_vars=True))
    for side, contents in (("model", ours), ("source", theirs)):
        lazy = [name for name, value in contents.items() if isinstance(value, Tensor) and is_lazy(value)]
        if lazy:
            raise ValueError(
                f"{', '.join(lazy)} of the {side} has no shape yet. Call the {side} once with a batch of zeros."
            )
    places = _places(layers)
    new = [as_written(name) for name in new]
    _check_names(model, [*places.values(), *new], ours)
    _check_source_names(list(places), theirs)
    report = ReuseReport(tuple(_match(ours, theirs, places, new)))
    _check(report, ours, theirs, strict)
    load(model, report, ours, theirs, new)
    return report


def _state(source: nn.Module | str | PathLike[str]) -> Mapping[str, Any]:
    if isinstance(source, nn.Module):
        return source.state_dict(keep_vars=True)
    try:
        content = torch.load(source, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ValueError(
            f"{source} holds more than tensors and plain values, and such a file may run any code when it is read. "
            f"If you trust it, pass torch.load({str(source)!r}, weights_only=False)['state_dict'] instead. {error}"
        ) from None
    content = _inside(content) if isinstance(content, Mapping) else content
    if not isinstance(content, Mapping) or not _contents(content):
        raise ValueError(
            f"{source} holds no weights: neither a checkpoint of Lightning's nor a saved state_dict(). "
            "Pass the part of it that maps names to tensors."
        )
    return content


def _inside(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The state in what a checkpoint of Lightning's holds; any other state as it is."""
    inner = content.get("state_dict")
    return inner if isinstance(inner, Mapping) else content


def _contents(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors, and what modules save besides them; what else a state may hold belongs to neither."""
    return {
        as_written(name): value
        for name, value in state.items()
        if isinstance(name, str) and (isinstance(value, Tensor) or is_extra(name))
    }


def _places(layers: Sequence[str] | Mapping[str, str] | None) -> dict[str, str]:
    """From names in the source to names in the model."""
    if layers is None:
        return {"": ""}
    named = layers.items() if isinstance(layers, Mapping) else zip(layers, layers, strict=True)
    places = {as_written(theirs): as_written(ours) for theirs, ours in named}
    for name in places.values():
        others = [other for other in places.values() if is_within(other, name)]
        if len(others) > 1:
            raise ValueError(f"Two layers would take the same place: {others[0]!r} and {others[1]!r}.")
    return places


def _check_names(model: nn.Module, names: Iterable[str], ours: Mapping[str, Any]) -> None:
    known = dict(modules_by_name(model))
    for name in names:
        if name not in known and name not in ours:
            some = ", ".join(dict.fromkeys(tensor.rpartition(".")[0] or tensor for tensor in ours))
            raise ValueError(
                f"{type(model).__name__} has no submodule {name!r}. Those with weights are {some}."
            )


def _check_source_names(names: Iterable[str], theirs: Mapping[str, Any]) -> None:
    for name in names:
        if not any(is_within(tensor, name) for tensor in theirs):
            some = ", ".join(dict.fromkeys(tensor.rpartition(".")[0] or tensor for tensor in theirs))
            raise ValueError(f"The source has nothing by the name of {name!r}. It has weights in {some}.")


def _match(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], places: Mapping[str, str], new: Sequence[str]
) -> list[ReusedTensor]:
    source_of = {
        _moved(name, theirs_, ours_): name
        for theirs_, ours_ in places.items()
        for name in theirs
        if is_within(name, theirs_)
    }
    rows = []
    for name, tensor in ours.items():
        wanted = any(is_within(name, place) for place in places.values())
        if not wanted or any(is_within(name, root) for root in new):
            rows.append(ReusedTensor("new", name, shape_of(name, tensor), None, None))
        elif name not in source_of:
            rows.append(ReusedTensor("missing", name, shape_of(name, tensor), None, None))
        else:
            source = source_of[name]
            status = "loaded" if is_extra(name) else _compare(tensor, theirs[source])
            shapes = shape_of(name, tensor), shape_of(source, theirs[source])
            rows.append(ReusedTensor(status, name, shapes[0], source, shapes[1]))
    place_of = {source: name for name, source in source_of.items()}
    for source_name, tensor in theirs.items():
        place = place_of.get(source_name)
        is_new = place is not None and any(is_within(place, root) for root in new)
        if place is None or is_new:
            rows.append(ReusedTensor("left out", None, None, source_name, shape_of(source_name, tensor)))
        elif place not in ours:
            rows.append(ReusedTensor("no place", None, None, source_name, shape_of(source_name, tensor)))
    return rows


def _compare(ours: Tensor, theirs: Tensor) -> Status:
    if ours.shape != theirs.shape:
        return "shape differs"
    # Copying would cut off fractions, or an imaginary part, without a word.
    same = (ours.is_floating_point(), ours.is_complex()) == (theirs.is_floating_point(), theirs.is_complex())
    return "loaded" if same else "kind differs"


def _check(report: ReuseReport, ours: Mapping[str, Any], theirs: Mapping[str, Any], strict: bool) -> None:
    mismatches = report.mismatches
    if strict and mismatches:
        hint = _hint(ours, theirs) or (
            "Name the layers that begin anew in new=[…], or those that are taken over in layers=…; "
            "strict=False loads what fits."
        )
        raise WeightsDoNotFit(
            f"{len(mismatches)} tensors do not fit, so nothing was loaded:\n{describe(mismatches)}\n{hint}"
        )
    if not report.loaded:
        hint = _hint(ours, theirs) or f"The source has {', '.join(theirs) or 'no tensors'}."
        raise WeightsDoNotFit(f"Not one tensor would be loaded. {hint}")


def _hint(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """Names that differ by what stands before them, as those of a network and of a module that has it as a part."""
    if set(ours) & set(theirs):
        return None
    roots = sorted(
        {""} | {name[: place + 1] for name in (*ours, *theirs) for place, c in enumerate(name) if c == "."}
    )
    shared = {
        (theirs_, ours_): sum(f"{ours_}{name.removeprefix(theirs_)}" in ours for name in theirs)
        for theirs_ in roots
        for ours_ in roots
        if "" in (theirs_, ours_) and theirs_ != ours_
    }
    best = max(shared, key=lambda pair: (shared[pair], -len(pair[0] + pair[1])), default=None)
    if best is None or not shared[best]:
        return None
    theirs_, ours_ = (root.removesuffix(".") for root in best)
    return f"Names differ by what stands before them: try layers={{{theirs_!r}: {ours_!r}}}."


def _moved(name: str, old: str, new: str) -> str:
    rest = name.removeprefix(old).removeprefix(".") if old else name
    return f"{new}.{rest}" if new and rest else new or rest
