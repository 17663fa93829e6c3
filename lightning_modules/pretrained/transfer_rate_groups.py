"""Layer-wise rate decay: the lower a layer of a pretrained network, the smaller its learning rate, as parameter groups.

What lower layers have learned is more general, and a fine-tuning is to change it less. With η the rate of the head and
the factor f, the k-th layer below the head trains at

    η_k = η f^k

Howard, Ruder, "Universal Language Model Fine-tuning for Text Classification", ACL 2018, section 3.2, with f = 1/2.6 for
three recurrent layers. https://arxiv.org/abs/1801.06146
Clark, Luong, Le, Manning, "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", ICLR 2020,
appendix B, with f = 0.8 for 12 transformer layers, 0.9 for 24. https://arxiv.org/abs/2003.10555
Bao, Dong, Piao, Wei, "BEiT: BERT Pre-Training of Image Transformers", ICLR 2022, fine-tuned so.
https://arxiv.org/abs/2106.08254
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from lightning_modules.module_names import as_written, is_within, parameters_by_name, refuse_string
from lightning_modules.pretrained.transfer_rates import divided
from lightning_modules.wildcards import Layers, spread


def layer_rate_groups(
    model: nn.Module,
    layers: Layers,
    lr: float,
    factor: float | Sequence[float],
    groups: Iterable[Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Parameter groups for any torch optimizer: each layer has a rate of its own, lower from the top down.

    What is not named, such as the head, has the whole rate. So name everything that was pretrained: embeddings too, and
    parameters that are in no submodule, such as the positions of a vision transformer. A parameter that is in several
    places is in one group, that of the uppermost layer that is named.

    >>> import torch
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 1))
    >>> groups = layer_rate_groups(model, ["1", "0"], lr=1.0, factor=0.5)
    >>> [group["lr"] for group in torch.optim.SGD(groups).param_groups]
    [1.0, 0.5, 0.25]

    With `groups` each of these is divided, and keeps its settings:
    `layer_rate_groups(model, ["blocks.*"], 1e-3, 0.65, decay_groups(model, 0.05))`. Schedules that multiply rates keep
    their ratios, as all of this library do. One that is told a rate wants a list of them:
    `OneCycleLR(optimizer, max_lr=[group["lr"] for group in groups], …)`. `GradualUnfreezing` has factors of
    its own, and multiplies: give it `factor=[1.0, …]`.

    Args:
        model: Any module.
        layers: Names of submodules or parameters, from the top down, or lists of names that share a rate. `*`, `?` and
            `[…]` match within a part of a name, as in file names: `["blocks.*"]` is every block, from the last to the
            first, and `[["blocks.*"]]` all of them at one rate.
        lr: The rate η of what is not named; that of a group with an "lr" of its own is that.
        factor: f, what the k-th layer's rate is multiplied by k times; or, as a list, each layer's own multiple.
        groups: Groups to divide, such as those of `decay_groups`. None is all parameters, without other settings.

    Returns:
        Groups with "params" and "lr", from each group's highest rate to its lowest.

    Raises:
        TypeError: If `layers` is a string.
        ValueError: If `lr` or `factor` is not positive, or as a list not one for each layer; if a name is unknown or
            matches nothing, a layer has no parameter that is not an upper one's, or `groups` has none of a layer.
    """
    refuse_string("layers", layers)
    if not layers:
        raise ValueError("layers names nothing. Without layers, the optimizer's lr is the rate of all.")
    if not 0 < lr < float("inf"):
        raise ValueError(f"lr must be positive and finite, got {lr}.")
    whole: list[dict[str, Any]] = (
        [dict(group) for group in groups] if groups is not None else [{"params": model.parameters()}]
    )
    for group in whole:
        group["params"] = list(group["params"])
    held = {id(parameter) for group in whole for parameter in group["params"]}
    named = list(parameters_by_name(model, remove_duplicate=False))
    known = {prefix: None for name, _ in named for prefix in _prefixes(name)}
    found = spread(layers, known)
    times: dict[int, float] = {}
    for (label, names), multiple in zip(found, _factors(factor, [label for label, _ in found]), strict=True):
        roots = [as_written(name) for name in names]
        if unknown := [root for root in roots if root not in known]:
            children = ", ".join(dict.fromkeys(name.partition(".")[0] for name in known))
            raise ValueError(
                f"{type(model).__name__} has no parameters in {', '.join(unknown)} that are not named above it. Its "
                f"children with parameters are {children}."
            )
        members = {id(p) for name, p in named if any(is_within(name, root) for root in roots)} - times.keys()
        if not members:
            raise ValueError(f"All parameters of {label} belong to a layer named above it. Leave it out.")
        if not members & held:
            raise ValueError(f"groups has no parameter of {label}. Make groups of the same model.")
        times |= dict.fromkeys(members, multiple)
    return [
        part
        for group in whole
        for part in sorted(
            divided({"lr": lr} | group, lambda p: times.get(id(p), 1.0)), key=lambda part: -part["lr"]
        )
    ]


def _factors(factor: float | Sequence[float], layers: Sequence[str]) -> list[float]:
    given = [factor] if isinstance(factor, int | float) else list(factor)
    if not all(0 < times < float("inf") for times in given):
        raise ValueError(f"factor must be positive and finite, got {factor}.")
    if isinstance(factor, int | float):
        return [factor ** (place + 1) for place in range(len(layers))]
    if len(given) != len(layers):
        raise ValueError(
            f"factor needs one for each of the {len(layers)} layers, {', '.join(layers)}: got {given}."
        )
    return given


def _prefixes(name: str) -> Iterator[str]:
    """A parameter's own name, after those of all modules that it is in.

    >>> list(_prefixes("body.0.weight"))
    ['body', 'body.0', 'body.0.weight']
    """
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        yield ".".join(parts[:end])
