"""What is known of one program's results beside its record: on other kinds of processor, and in the ledger's trials."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from verified_docs.comparing.groups import Group, Groups, Number

Span = tuple[float, float]  # the lowest and the highest


@dataclass(frozen=True)
class Spans:
    """How far a group's numbers reach over several runs: each by itself, or, where their count differs, all in one.

    Attributes:
        each: The span of each number, or of all of them together.
        counts: The fewest and the most numbers, where these differ.
    """

    each: tuple[Span, ...]
    counts: tuple[int, int] | None = None


@dataclass(frozen=True)
class Known:
    """What is known beside the record.

    Attributes:
        processors: What each other kind, and each of the ledger's processors and threads, gave.
        seeds: How far the numbers reach over the ledger's seeds, by the group's place; what is not there is as recorded.
        unknown: The places of which nothing is known but the record: quoted since, or no trial was made.
    """

    processors: Sequence[Groups] = ()
    seeds: Mapping[str, Spans] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()

    @cached_property
    def neighbors(self) -> Mapping[str, Span]:
        """How far artists of a kind reach together where seeds move one of them, by `family`; others are left out."""
        found: dict[str, Span] = {}
        for place, moved in self.seeds.items():
            name = family(place)
            if name:
                low, high = found.get(name, (math.inf, -math.inf))
                ends = [end for span in moved.each for end in span if math.isfinite(end)]
                found[name] = min([low, *ends]), max([high, *ends])
        return found


def family(place: str) -> str:
    """What the artists of one kind in one axes are called together; empty for what is no artist.

    >>> family("axes 2, patch 79, y")
    'axes 2, patch #, y'
    >>> family("line 3 of its output")
    ''
    """
    axes, _, artist = place.partition(", ")
    return f"{axes}, {re.sub('[0-9]+', '#', artist)}" if axes.startswith("axes ") and artist else ""


def spans(base: Groups, runs: Sequence[Groups]) -> dict[str, Spans]:
    """How far each group of `base` reaches over `runs`, where one of them differs from it."""
    found = {}
    for place, group in base.items():
        others = [run[place] for run in runs if place in run]
        counts = {len(one.numbers) for one in (group, *others)}
        if len(counts) > 1:
            numbers = [number for one in (group, *others) for number in one.numbers]
            found[place] = Spans((reach(numbers),), (min(counts), max(counts)))
        elif any(not now.same(was) for one in others for was, now in pairs(group, one)):
            columns = zip(*(one.numbers for one in (group, *others)), strict=True)
            found[place] = Spans(tuple(reach(column) for column in columns))
    return found


def pairs(old: Group, new: Group) -> list[tuple[Number, Number]]:
    return list(zip(old.numbers, new.numbers, strict=True))


def reach(numbers: Iterable[Number]) -> Span:
    """The lowest and the highest finite number; NaN where there is none."""
    finite = [number.value for number in numbers if math.isfinite(number.value)]
    return (min(finite), max(finite)) if finite else (math.nan, math.nan)
