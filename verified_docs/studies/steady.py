"""Whether verdicts hang on what tuning chose: they are given anew for what other tuning seeds would have chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verified_docs.studies.choosing import DRAWINGS

Words = tuple[dict[str, str], dict[str, str]]
"""The verdict of each comparison, and of each cell."""


@dataclass(frozen=True)
class Steady:
    """The share of the drawings of tuning seeds that come to the same word, of each comparison and of each cell."""

    comparisons: dict[str, float]
    cells: dict[str, float]


def agreement(
    words: Callable[[Mapping[str, Any]], Words],
    contenders: Mapping[str, Sequence[Any]],
    choices: Mapping[str, Any],
) -> Steady:
    """How often the words for what the drawings choose are those for what was chosen.

    Args:
        words: The verdicts, where an alternative has another value than the best; as many as are said.
        contenders: The values of each alternative, the chosen one first.
        choices: Which of them each drawing chooses: (drawings,), for the alternatives that have more than one.
    """
    usual = words({})
    if not choices:
        return Steady(*(dict.fromkeys(one, 1.0) for one in usual))
    same = tuple(dict.fromkeys(one, 0) for one in usual)
    drawn = Counter(zip(*(one.tolist() for one in choices.values()), strict=True))
    for indices, count in drawn.items():
        chosen = {name: contenders[name][index] for name, index in zip(choices, indices, strict=True)}
        for kept, before, now in zip(same, usual, words(chosen), strict=True):
            for name in kept:
                kept[name] += count * (before[name] == now[name])
    return Steady(*({name: count / DRAWINGS for name, count in one.items()} for one in same))
