"""Which parameters are Muon's: the matrices that map hidden units to hidden units.

Muon's step gives every direction of a matrix the same length. That makes sense where a layer mixes its inputs into its
outputs. A bias is one direction; a row of an embedding is an input of its own, which most batches do not have; a
normalization's scales are numbers beside each other. Its authors leave a network's first and last layers to AdamW too.

Shapes and types of modules tell all of these but the first and the last layer, which you name.

Jordan, Jin, Boza, You, Cesista, Newhouse, Bernstein, "Muon: An optimizer for hidden layers in neural networks" (2024).
https://kellerjordan.github.io/posts/muon/
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import nn

from lightning_modules.module_names import as_written, is_within, parameters_by_name, refuse_string
from lightning_modules.regularization.penalties_groups import penalized_weights
from lightning_modules.wildcards import spread


@dataclass(frozen=True)
class MuonSplit:
    """The parameters of a model by who is to move them.

    Attributes:
        matrices: Muon's, by name, as in `model.named_parameters()`.
        others: By name, all others.
    """

    matrices: dict[str, nn.Parameter]
    others: dict[str, nn.Parameter]


def split_for_muon(
    model: nn.Module, others: Sequence[str], exempt: Iterable[type[nn.Module]] = ()
) -> MuonSplit:
    """Divide the parameters of a model into matrices of hidden layers and the rest.

    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 4), nn.LayerNorm(4), nn.Linear(4, 9))
    >>> split = split_for_muon(model, others=["3"])
    >>> list(split.matrices), list(split.others)
    (['1.weight'], ['0.weight', '1.bias', '2.weight', '2.bias', '3.weight', '3.bias'])

    Not Muon's are, besides what you name: biases, normalizations, embeddings, whatever has not two dimensions, such as
    convolutions, and what a weight is computed from, as by weight norm.

    Args:
        model: Any module; its lazy layers must have seen a batch.
        others: Names of modules or parameters that are not hidden: the last layer, and a first one that is no
            `nn.Embedding`. `*`, `?` and `[…]` match within a part of a name. `[]` if there are none.
        exempt: Further types of modules whose own parameters are not Muon's.

    Raises:
        TypeError: If `others` is a string, or `exempt` holds something else than types of modules.
        ValueError: If a name is unknown, no matrix is left, or a parameter of a lazy layer has no shape yet.
    """
    refuse_string("others", others)
    named = dict(parameters_by_name(model))
    everywhere = list(parameters_by_name(model, remove_duplicate=False))
    known = {part for name, _ in everywhere for part in _prefixes(name)}
    roots = [as_written(name) for _, names in spread([list(others)], sorted(known)) for name in names]
    if unknown := [root for root in roots if root not in known]:
        children = ", ".join(dict.fromkeys(name.partition(".")[0] for name in named))
        raise ValueError(
            f"{type(model).__name__} has no parameters in {', '.join(unknown)}, which others names. Its children with "
            f"parameters are {children}."
        )
    spared = {id(p) for name, p in everywhere if any(is_within(name, root) for root in roots)}
    spare_types = [nn.Embedding, nn.EmbeddingBag, *exempt]
    chosen = {
        id(weight.parameter)
        for weight in penalized_weights(model, spare_types)
        if weight.parameter is not None and weight.parameter.ndim == 2 and id(weight.parameter) not in spared
    }
    if not chosen:
        raise ValueError(
            f"{type(model).__name__} has no matrix of a hidden layer beside {list(others)}, so there is nothing for "
            "Muon. Use torch.optim.AdamW for all of it."
        )
    return MuonSplit(
        matrices={name: p for name, p in named.items() if id(p) in chosen},
        others={name: p for name, p in named.items() if id(p) not in chosen},
    )


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]
