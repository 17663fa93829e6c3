"""Layers that are named by patterns: "blocks.*" for all blocks of a network, without counting them.

Of a name, the parts between dots are matched one by one, as the parts of a path are in a shell: `*` stands for any
characters, `?` for one, `[01]` for one of these; none of them for a dot.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from lightning_modules.module_names import as_written

Layers = Sequence[str | Sequence[str]]
"""Names, or lists of names that belong together."""


def has_wildcards(name: str) -> bool:
    """Whether a `name` is a pattern.

    >>> has_wildcards("blocks.1"), has_wildcards("blocks.1?")
    (False, True)
    """
    return any(sign in name for sign in "*?[")


def spread(layers: Layers, known: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Layers with each pattern replaced by what it matches, the last name first: from the top down.

    A pattern that stands by itself becomes a layer for each match; one in a list, names that belong together. What is
    named elsewhere is not matched, nor is what an earlier pattern has matched. A pattern with no match stays as it is:
    the caller says which names there are.

    >>> known = ["stem", "blocks.0", "blocks.1", "blocks.2"]
    >>> spread(["blocks.2", "blocks.*", ["st*"]], known)
    [('blocks.2', ['blocks.2']), ('blocks.1', ['blocks.1']), ('blocks.0', ['blocks.0']), ('st*', ['stem'])]

    Args:
        layers: From the top down.
        known: All names that there are, from the bottom up.

    Returns:
        For each layer how it was called, and its names.
    """
    names = list(dict.fromkeys(known))[::-1]
    taken = {as_written(name) for layer in layers for name in _listed(layer)}

    def matched(name: str) -> list[str]:
        if not has_wildcards(name) or as_written(name) in names:
            return [name]
        found = [one for one in names if one not in taken and matches(as_written(name), one)]
        taken.update(found)
        return found or [name]

    all_layers: list[tuple[str, list[str]]] = []
    for layer in layers:
        if isinstance(layer, str):
            all_layers += [(name, [name]) for name in matched(layer)]
        else:
            all_layers.append((", ".join(layer), [name for part in layer for name in matched(part)]))
    return all_layers


def matches(pattern: str, name: str) -> bool:
    """Whether a `name` is of a `pattern`, part by part.

    >>> [matches("blocks.*", name) for name in ("blocks.10", "blocks.1.norm", "my_blocks.1")]
    [True, False, False]
    """
    wanted, parts = pattern.split("."), name.split(".")
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _listed(layer: str | Sequence[str]) -> Sequence[str]:
    return [layer] if isinstance(layer, str) else layer
