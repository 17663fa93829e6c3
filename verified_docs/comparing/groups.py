"""What a run gave as groups of numbers, each with the words around them: the form, and what may differ in it.

A group is a line of the output, a quotation in the prose, a text of the figure, or the statistics of one artist. Its
place is how messages and the ledger call it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verified_docs.base import compare, nearness
from verified_docs.base.config import Settings
from verified_docs.base.errors import DocsError
from verified_docs.pages.page import Quote
from verified_docs.records.gave import Gave
from verified_docs.records.record import Record

LINES = "its output"  # the place of the number of lines
_SIZE = ": size"  # ends the place of how much an artist draws


@dataclass(frozen=True)
class Number:
    """A number, and how far another run's may be from it and count as the same; a whole number has no such distance."""

    value: float
    allowed: float | None

    def same(self, other: Number) -> bool:
        if not (math.isfinite(self.value) and math.isfinite(other.value)):
            return self.value == other.value or (math.isnan(self.value) and math.isnan(other.value))
        allowed = max(self.allowed or 0.0, other.allowed or 0.0)
        return abs(self.value - other.value) <= allowed * nearness.ROUNDING


@dataclass(frozen=True)
class Group:
    """Words, and the numbers between them."""

    words: tuple[str, ...]
    numbers: tuple[Number, ...]

    @property
    def kinds_of_words(self) -> frozenset[str]:
        """The words of a list, however long it is."""
        return frozenset(self.words)


Groups = dict[str, Group]


def is_length(place: str) -> bool:
    """Whether the numbers there count lines, or what is drawn."""
    return place == LINES or place.endswith(_SIZE)


def groups(gave: Gave, settings: Settings, quotes: Sequence[Quote]) -> Groups:
    """Every group of `gave`, by its place; a quotation of what it does not have is left out."""
    return {
        **dict(_output(gave.text, settings)),
        **dict(_figure(gave.drawn, settings)),
        **dict(_quoted(gave, settings, quotes)),
    }


def _output(text: str, settings: Settings) -> Iterator[tuple[str, Group]]:
    lines = text.rstrip().splitlines()
    yield LINES, Group(("lines",), (Number(len(lines), None),))
    for number, line in enumerate(lines, start=1):
        yield f"line {number} of its output", _words_and_numbers(line, settings)


def _quoted(gave: Gave, settings: Settings, quotes: Sequence[Quote]) -> Iterator[tuple[str, Group]]:
    shown = Record(source="", text="", values=dict(gave.values))
    for quote in quotes:
        try:
            yield quoted_place(quote), _words_and_numbers(quote.rendered(shown), settings)
        except DocsError:
            continue


def quoted_place(quote: Quote) -> str:
    """What a quotation's group is called: the same wherever it stands."""
    keys = "".join(f"[{key}]" for key in quote.keys)
    return f"{quote.value}{keys}{f':{quote.format}' if quote.format else ''} in prose"


def _figure(drawn: list[dict[str, Any]], settings: Settings) -> Iterator[tuple[str, Group]]:
    for number, axes in enumerate(drawn):
        place = f"axes {number}" if number else "beside the axes"
        kinds = [artist["kind"] for artist in axes["artists"]]
        yield place, Group((*axes["scales"], *kinds), ())
        for which, text in enumerate(axes["texts"], start=1):
            yield f"{place}, text {which}", _words_and_numbers(text, Settings())
        for artist in axes["artists"]:
            yield f"{place}, {artist['kind']}", _statistics(artist, settings.figure)
            size = tuple(Number(one, None) for one in artist["shape"])
            yield f"{place}, {artist['kind']}{_SIZE}", Group((), size)


def _statistics(artist: dict[str, Any], tolerance: float) -> Group:
    numbers = [
        Number(float(one), nearness.drawn(float(one), span=float(artist["span"]), tolerance=tolerance))
        for one in artist["statistics"]
    ]
    return Group(("minimum, maximum, mean, deviation",) if numbers else ("nothing finite",), tuple(numbers))


def _words_and_numbers(line: str, settings: Settings) -> Group:
    words, tokens = compare.split(line)
    return Group(tuple(words), tuple(_number(token, settings) for token in tokens))


def _number(token: str, settings: Settings) -> Number:
    value = compare.decimal(token)
    if compare.is_integer(token) or not value.is_finite():
        return Number(float(value), None)
    allowed = nearness.printed(value, value, relative=settings.relative, absolute=settings.absolute)
    return Number(float(value), float(allowed))
